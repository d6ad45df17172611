import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const STATIC_IMPORT = /^(?:import|export)\s(?:[\w*\s{},$]+?\sfrom\s)?['"]([^'"]+)['"]/gm;

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

it('a bridge loads Node’s own modules and a few small files, and nothing else', () => {
  const loaded = [...loadedWith('main.js')].filter((name) => !name.startsWith('node:'));
  expect(loaded.sort()).toEqual([
    'host/bridge.js',
    'host/claim.js',
    'host/connect.js',
    'host/conversation.js',
    'host/endpoint.js',
    'host/environment-key.js',
    'host/handshake.js',
    'host/lines.js',
    'host/lock.js',
    'host/message.js',
    'host/private-folder.js',
    'host/run-bridge.js',
    'host/start.js',
    'inside.js',
    'log.js',
    'main.js',
  ]);
});

it('the check sees packages that are loaded', () => {
  expect([...loadedWith('in-process.js')]).toEqual(expect.arrayContaining(['zod', 'p-queue']));
});
