#!/usr/bin/env node
import type {runHook} from './hook/run-hook.ts' with {'resolution-mode': 'import'};

// A client's hook runs before every prompt: nothing is loaded before it is known whether this is one. This file and the
// hook are CommonJS, as Node takes a fifth longer to start with a module.
if (process.argv[2] === 'hook') {
  const hook = require('./hook/run-hook.cjs') as {readonly runHook: typeof runHook};
  void hook.runHook(process.argv.slice(3));
} else {
  void import('./bin.ts');
}
