import {readFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const STATIC_IMPORT = /(?:^|;)(?:import|export)[\s{*](?:[\w*\s{},$]*?\}?\s*from\s*)?['"]([^'"]+)['"]/gm;

/** Every module that is loaded with a built file, as it starts: packages and files, relative to dist. */
function loadedWith(path: string, loaded = new Set<string>()): ReadonlySet<string> {
  if (loaded.has(path)) return loaded;
  loaded.add(path);
  for (const [, specifier = ''] of readFileSync(join(DIST, path), 'utf8').matchAll(STATIC_IMPORT)) {
    if (specifier.startsWith('.')) loadedWith(join(dirname(path), specifier), loaded);
    else loaded.add(specifier);
  }
  return loaded;
}

it('what is started loads nothing before it knows what it is', () => {
  expect([...loadedWith('main.cjs')]).toEqual(['main.cjs']);
});

it('a bridge is one more file, which loads nothing but Node’s own modules', () => {
  const loaded = [...loadedWith('bin.js')].filter((name) => !isBuiltin(name));
  expect(loaded).toEqual(['bin.js']);
});

it('a bridge that finds a host does not load what starts one', () => {
  expect(loadedWith('bin.js')).not.toContain('node:child_process');
});

it('a client’s hook is one small file, and can start nothing and reach nobody', () => {
  const code = readFileSync(join(DIST, 'hook', 'run-hook.cjs'), 'utf8');
  const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = '']) => name);
  expect(required.length).toBeGreaterThan(5);
  const allowed = ['fs', 'fs/promises', 'path', 'os', 'crypto', 'url', 'util'];
  for (const name of required) expect(allowed.map((one) => `node:${one}`)).toContain(name);
  expect(code).not.toMatch(/\bimport\(/);
  expect(code.length).toBeLessThan(60_000);
});

it('what serves without a host loads files that are shared, and everything else is in them', () => {
  const loaded = [...loadedWith('app/in-process.js')].filter((name) => !isBuiltin(name));
  expect(loaded.length).toBeGreaterThan(1);
  expect(loaded.every((name) => name.endsWith('.js'))).toBe(true);
});
