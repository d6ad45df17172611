#!/usr/bin/env node
import {join} from 'node:path';
import {NAME} from './base/name.ts';
import {xdgFolder} from './base/xdg.ts';
import {compiled} from './hook/compiled.ts';
import type {runHook} from './hook/run-hook.ts';

/** Tells one build of the hook from another. The build writes it here. */
declare const HOOK_DIGEST: string;

// A client's hook runs before every prompt: nothing is loaded before it is known whether this is one. This file and the
// hook are bundled as CommonJS, as Node takes a fifth longer to start with a module.
if (process.argv[2] === 'hook') {
  const path = join(__dirname, 'hook', 'run-hook.cjs');
  const folder = () => join(xdgFolder(process.env, 'XDG_CACHE_HOME'), NAME);
  const hook = compiled<{readonly runHook: typeof runHook}>({path, digest: HOOK_DIGEST, require, folder});
  const wholeReader = () => import('./store/record/record.ts');
  void hook.exports.runHook(process.argv.slice(3), {keep: hook.keep, wholeReader});
} else {
  void import('./bin.ts');
}
