import {basename, dirname, extname, isAbsolute, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {contains} from '../../base/contains.ts';
import {isFolder, type WatchedFiles} from './watched-files.ts';

/** Endings that anyone who loads a module may add to its name, or put in the place of another one. */
const MODULE = /^\.(?:[cm]?[jt]sx?|json|wasm|node)$/;
const PACKAGE = 'package.json';
/** More is no plugin. */
const MAX_FILES = 2_000;
/** Installed, and as all that a module imports, not looked at. */
const NOT_OWN = ['node_modules', '.git'];

/** Files that code is taken from. */
export interface LoadedFiles {
  readonly files: readonly string[];
  /** False where there are more than are looked at. */
  readonly isWhole: boolean;
}

/**
 * The files that a module may be taken from: itself, under all names that a runtime finds it by, and what the
 * `package.json` beside it puts in its place. Of a folder, all that lies in it.
 */
export function filesOfModule(path: string, files: WatchedFiles): LoadedFiles {
  const isAll = isFolder(path);
  const folder = isAll ? path : dirname(path);
  const {files: inFolder, isWhole} = isAll
    ? files.tree(path, {limit: MAX_FILES, skip: NOT_OWN})
    : {files: [], isWhole: true};
  const replaced = entriesIn(files.text(join(folder, PACKAGE))).map((entry) => resolve(folder, entry));
  const modules = [path, join(path, 'index'), ...replaced, ...replaced.map((entry) => join(entry, 'index'))];
  const all = [...inFolder, join(folder, PACKAGE), ...modules.flatMap((module) => namesakes(module, files))];
  return {files: [...new Set(all)].filter((file) => files.isFile(file)), isWhole};
}

/**
 * The files of a repository that a text of a configuration may name: as a whole, or as a part (`--import=./hook.mjs`).
 * A program elsewhere is the person's.
 */
export function filesNamed(
  text: string,
  {bases, root, files}: {bases: readonly string[]; root: string; files: WatchedFiles},
): readonly string[] {
  const parts = new Set([text, ...text.split(/[\s=,:;]+/)]);
  const paths = [...parts].flatMap((part) => pathsOf(part, bases)).filter((path) => contains(root, path));
  const found = paths.flatMap((path) => {
    // A folder that is worked in has all sorts of things in it: what it is started by is looked at.
    const modules = isFolder(path) ? [join(path, 'index'), join(path, '__main__')] : [path];
    const own = modules.flatMap((module) => (files.isFile(module) ? [module] : namesakes(module, files)));
    return isFolder(path) ? [...own, join(path, PACKAGE)] : own;
  });
  return [...new Set(found)].filter((file) => files.isFile(file));
}

/** Where a text of a configuration may lead to, as a path or as the address of a file. */
export function pathsOf(text: string, bases: readonly string[]): readonly string[] {
  const named = text.replace(/^.*?(?=file:)/, '');
  if (named.startsWith('file://')) {
    return URL.canParse(named)
      ? [tried(() => fileURLToPath(named))].filter((path) => path !== undefined)
      : [];
  }
  const path = named.replace(/^file:/, '');
  if (path === '') return [];
  return isAbsolute(path) ? [path] : bases.map((base) => resolve(base, path));
}

/** The module itself, and what a runtime takes where there is no file of this very name. */
function namesakes(path: string, files: WatchedFiles): readonly string[] {
  const ending = extname(path);
  const whole = basename(path);
  const stem = MODULE.test(ending) ? basename(path, ending) : whole;
  return files
    .names(dirname(path))
    .filter((name) => name === whole || [whole, stem].some((base) => isNamesake(name, base)))
    .map((name) => join(dirname(path), name));
}

function isNamesake(name: string, base: string): boolean {
  return name.startsWith(`${base}.`) && MODULE.test(name.slice(base.length));
}

/** What a `package.json` says that is to be loaded, in any way that it can say so. */
function entriesIn(text: string): readonly string[] {
  const {main, module, exports} = parsed(text);
  return [main, module, exports].flatMap(textsIn);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = tried(() => JSON.parse(text));
  return typeof value === 'object' && value !== null ? {...value} : {};
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value.trim()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function tried<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
