#!/usr/bin/env node
import {createRequire} from 'node:module';
import type {runHook} from './hook/run-hook.ts';

// A client's hook runs before every prompt: nothing is loaded before it is known whether this is one, and that is
// loaded in the way that needs no thread.
if (process.argv[2] === 'hook') {
  const hook = createRequire(import.meta.url)('./hook/run-hook.cjs') as {readonly runHook: typeof runHook};
  await hook.runHook(process.argv.slice(3));
} else {
  await import('./bin.ts');
}
