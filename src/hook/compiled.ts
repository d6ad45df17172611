import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {Script} from 'node:vm';

/** Of other versions of Node, and of ours. */
const MOST_KEPT = 8;
/** What a run compiled that had nothing to tell lacks most of the program. */
const [QUIET, TELLING] = [1, 2];
const MOST_OF_A_NAME = 80;

export interface CompiledOptions {
  /** A program in CommonJS that needs only what Node itself has, and imports nothing later. */
  readonly path: string;
  /** Tells one build of it from another. */
  readonly digest: string;
  readonly require: NodeJS.Require;
  /** Where the compiled code is kept. What it throws means that there is no place. */
  readonly folder: () => string;
}

/** A program that was loaded. */
export interface Compiled<T> {
  readonly exports: T;
  /**
   * Keeps the code that V8 has compiled of it for the next process, where that has none as good. Never throws.
   * @param hasTold whether the program did all of its work, and not only found that there was none.
   */
  readonly keep: (hasTold: boolean) => void;
}

/**
 * Loads a program as `require` does, with the code that V8 compiled of it in an earlier process. To compile takes a third
 * of the time of a process that lives for milliseconds. V8 refuses what another version of it has compiled, but crashes
 * over what is damaged: that is found out here.
 */
export function compiled<T>({path, digest, require, folder}: CompiledOptions): Compiled<T> {
  const kept = () => join(folder(), nameOf(digest));
  const earlier = read(kept);
  const script = new Script(`(function(exports,require,module){${readFileSync(path, 'utf8')}\n})`, {
    filename: path,
    ...(earlier?.code !== undefined && {cachedData: earlier.code}),
  });
  const mark = script.cachedDataRejected === false ? earlier?.mark : undefined;
  const mayKeep = earlier === undefined || earlier.code !== undefined;
  const module: {exports: unknown} = {exports: {}};
  script.runInThisContext()(module.exports, require, module);
  return {
    exports: module.exports as T,
    keep: (hasTold) => {
      if (!mayKeep || mark === TELLING || (mark === QUIET && !hasTold)) return;
      try {
        write(kept(), script, hasTold ? TELLING : QUIET);
      } catch {
        // The next process compiles again.
      }
    },
  };
}

/** Without its code where somebody else may have written it. */
interface Kept {
  readonly code?: Buffer;
  readonly mark?: number;
}

/** `undefined` where there is nothing, or nothing whole. */
function read(path: () => string): Kept | undefined {
  try {
    const file = openSync(path(), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      return isOurs(fstatSync(file)) ? opened(readFileSync(file)) : {};
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** True where nobody else can have written it. Windows keeps others out of a profile by itself. */
function isOurs({uid, mode}: Stats): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

/** The code is there twice, which shows damage: every sum of it takes longer than all of this saves. */
function opened(bytes: Buffer): Kept | undefined {
  const length = (bytes.length - 1) / 2;
  const code = bytes.subarray(0, length);
  const again = bytes.subarray(length, 2 * length);
  const mark = bytes.at(-1);
  return mark !== undefined && code.equals(again) ? {code, mark} : undefined;
}

/** @throws where there is no place for it. */
function write(path: string, script: Script, mark: number): void {
  mkdirSync(dirname(path), {recursive: true, mode: 0o700});
  const part = `${path}.${process.pid}`;
  const file = openSync(part, 'wx', 0o600);
  try {
    const code = script.createCachedData();
    writeFileSync(file, Buffer.concat([code, code, Buffer.of(mark)]));
    fsyncSync(file);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, {force: true});
    throw error;
  } finally {
    closeSync(file);
  }
  removeOld(dirname(path));
}

/** V8 compiles otherwise with other options: two clients that differ in them do not take turns in one file. */
function nameOf(digest: string): string {
  const options = [process.env.NODE_OPTIONS ?? '', ...process.execArgv]
    .join(' ')
    .replaceAll(/[^\w=.-]+/g, '_');
  return `hook-${digest}-${process.version}-${process.arch}${options}`.slice(0, MOST_OF_A_NAME);
}

function removeOld(folder: string): void {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const changed = (path: string) => statSync(path, {throwIfNoEntry: false})?.mtimeMs ?? 0;
  const newestFirst = paths.sort((a, b) => changed(b) - changed(a));
  for (const path of newestFirst.slice(MOST_KEPT)) rmSync(path, {force: true});
}
