/**
 * Makes `OPENCODE_DISABLE_PROJECT_CONFIG` hold in all of OpenCode. OpenCode 1.18 has two readers of configuration. The
 * older one leaves out what a project brings. The newer one does not: it loads the project's plugins, clones the
 * repositories that it refers to and fetches the skills that it names. It asks whether each place of configuration is
 * there (`fs.access`) before it reads it, and here it is told that a project has none. To read such a file works as
 * ever: agents may look at it.
 */
import {homedir} from 'node:os';
import {basename, dirname} from 'node:path';
import {HIDES_PROJECTS} from './handed.ts';

/** What OpenCode looks for in a directory and in those above it. `.claude` and `.agents` hold skills. */
const PLACES = new Set(['.opencode', 'opencode.json', 'opencode.jsonc', '.claude', '.agents']);
/** Of these the person's own lie in the home folder. */
const PERSONS = new Set(['.opencode', '.claude', '.agents']);

type Callback = (error: NodeJS.ErrnoException | null) => void;

/** Must be called before anything imports `node:fs`: anyone who does gets what it holds at the first import. */
export function hideProjectConfiguration(): void {
  const fs = process.getBuiltinModule('node:fs');
  const {access} = fs;
  const {access: accessing} = fs.promises;
  fs.access = Object.assign((...given: Parameters<typeof access>) => {
    const callback = given.at(-1) as Callback;
    if (!isProjects(given[0])) access(...given);
    else process.nextTick(callback, isNotThere(String(given[0])));
  }, access);
  fs.promises.access = async (...given) => {
    if (isProjects(given[0])) throw isNotThere(String(given[0]));
    return accessing(...given);
  };
}

/** Tells the guard whether it holds. */
export function sayHidden(holds: boolean): void {
  Object.defineProperty(globalThis, Symbol.for(HIDES_PROJECTS), {value: holds});
}

function isProjects(path: unknown): boolean {
  if (typeof path !== 'string') return false;
  const name = basename(path);
  return PLACES.has(name) && !(PERSONS.has(name) && dirname(path) === homedir());
}

function isNotThere(path: string): NodeJS.ErrnoException {
  const error = new Error(`ENOENT: no such file or directory, access '${path}'`);
  return Object.assign(error, {code: 'ENOENT', errno: -2, syscall: 'access', path});
}
