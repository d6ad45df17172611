import {dirname, extname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {wholeOf} from '../../base/whole-file.ts';
import {Remembered} from './remembered.ts';
import {statsOf} from './tree.ts';

/** More is no plugin. */
const MAX_MODULES = 500;
/** Larger ones are bundles, which have what they need in them. */
const MAX_BYTES = 1_000_000;

/** Files that a plugin or a tool can be made of. */
export const MODULE = /\.(?:[cm]?[jt]sx?|json|wasm|node)$/;
const SCRIPT = /\.[cm]?[jt]sx?$/;
/** What a module takes from a file that it names: by `import`, `export … from`, `import()` or `require()`. */
const IMPORT = /\b(?:from|import|require)\s*\(?\s*(["'])((?:\.{1,2}|file:|[A-Za-z]:)?[\\/][^"'\n]*)\1/g;
/** What the name of a file may lack, the likeliest first. */
const ENDINGS = ['', '.ts', '.js', '.mjs', '.cjs', '.mts', '.cts', '.tsx', '.jsx', '.json'];

const importsIn = new Remembered<readonly string[]>();

/** Modules, with all files that they import by path, and those that these import. Packages are not followed. */
export function withImports(modules: readonly string[]): readonly string[] {
  const found = new Set(modules);
  for (const path of found) {
    if (found.size >= modules.length + MAX_MODULES) break;
    for (const imported of importsOf(path)) found.add(imported);
  }
  return [...found];
}

/** A file under the name by which code finds it; `undefined` where there is none. */
export function moduleAt(path: string): string | undefined {
  const stem = SCRIPT.test(path) ? path.slice(0, -extname(path).length) : path;
  const names = [path, stem, resolve(path, 'index')].flatMap((name) => ENDINGS.map((end) => name + end));
  return names.find((name) => statsOf(name)?.isFile() === true);
}

function importsOf(path: string): readonly string[] {
  const stats = statsOf(path);
  if (stats?.isFile() !== true || stats.size > MAX_BYTES || !SCRIPT.test(path)) return [];
  const named = importsIn.get(path, stats, () => namesIn(path));
  return named.map((name) => moduleAt(name)).filter((module) => module !== undefined);
}

function namesIn(path: string): readonly string[] {
  try {
    const names = [...wholeOf(path, {maxBytes: MAX_BYTES}).matchAll(IMPORT)].map(([, , name = '']) => name);
    return names.map((name) => pathNamed(name, dirname(path))).filter((named) => named !== undefined);
  } catch {
    return [];
  }
}

/** Where a path, or the address of a file, leads to; `undefined` of an address that leads nowhere. */
export function pathNamed(name: string, folder: string): string | undefined {
  if (!name.startsWith('file:')) return resolve(folder, name);
  try {
    return fileURLToPath(name);
  } catch {
    return undefined;
  }
}
