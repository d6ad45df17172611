#!/usr/bin/env node
// A client's hook runs before every prompt: nothing may be loaded before it is known whether this is one.
if (process.argv[2] === 'hook') {
  const {runHook} = await import('./hook/run-hook.ts');
  await runHook(process.argv.slice(3));
} else {
  await import('./bin.ts');
}

export {};
