/**
 * Keeps what OpenCode writes in a worktree of ours inside of that worktree. Its rules look at paths as the model writes
 * them, so a link that a repository brings would lead its file tools out: to the checkout, to the person's
 * configuration, to our records. Here it is looked at where a path really leads, at the moment at which something is
 * written, whichever tool it is that writes. What is read is not held: an agent of a worktree reads what its
 * permissions let it, and a link is one way to name that.
 */
import {basename, dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import {leadsTo} from '../../base/leads-to.ts';
import {LEADS_OUT} from './handed.ts';
import {type Way, wayOut} from './way-out.ts';

/** Which of a function's arguments name what is written. */
interface Written {
  readonly at: readonly number[];
  readonly way: Way;
  /** Where the flags are of a function that may only read. */
  readonly flags?: number;
  /** What is there already stays as it is. */
  readonly isMade?: true;
}

const THERE: Written = {at: [0], way: 'followed'};
/** A link itself is written: where it leads stays as it is. */
const ITSELF: Written = {at: [0], way: 'to the link'};

/** The functions of `node:fs` that write, each of which has up to three forms. */
const WRITING: Readonly<Record<string, Written>> = {
  ...{writeFile: THERE, appendFile: THERE, truncate: THERE, mkdir: {...THERE, isMade: true}},
  ...{createWriteStream: THERE, chmod: THERE, chown: THERE, utimes: THERE, open: {...THERE, flags: 1}},
  ...{copyFile: {...THERE, at: [1]}, cp: {...THERE, at: [1]}},
  ...{rm: ITSELF, rmdir: ITSELF, unlink: ITSELF, lchown: ITSELF, lutimes: ITSELF},
  ...{rename: {...ITSELF, at: [0, 1]}, symlink: {...ITSELF, at: [1]}, link: {...ITSELF, at: [1]}},
};

type Writer = (...given: unknown[]) => unknown;
type Writers = Record<string, Writer | undefined>;

/**
 * Must be called before anything imports `node:fs`: anyone who does gets what it holds at the first import.
 * @param root where worktrees lie.
 */
export function holdWorktrees(root: string): void {
  const roots = [...new Set([root, leadsTo(root)])];
  const fs = process.getBuiltinModule('node:fs');
  // The types of the module do not let its functions be replaced by name.
  const writers = fs as unknown as Writers;
  const promises = fs.promises as unknown as Writers;
  for (const [name, written] of Object.entries(WRITING)) {
    const checked = (write: Writer, ...given: readonly unknown[]): unknown => {
      refuseWayOut(given, {roots, written});
      return write(...given);
    };
    replace(promises, name, async (...given) => checked(...given));
    replace(writers, `${name}Sync`, checked);
    replace(writers, name, (write, ...given) => {
      try {
        return checked(write, ...given);
      } catch (error) {
        const callback = given.at(-1);
        if (!isOpenCodes(given[0]) || typeof callback !== 'function') throw error;
        process.nextTick(() => callback(error));
      }
      return undefined;
    });
  }
}

/**
 * A failure is thrown at once, as one about what a function cannot take: OpenCode passes on the words of no other. But
 * where it puts files of its own, it goes on without them only when it is told in the usual way that it may not.
 */
function isOpenCodes(path: unknown): boolean {
  return basename(dirname(pathOf(path) ?? '')) === '.opencode';
}

function replace(
  writers: Writers,
  name: string,
  by: (write: Writer, ...given: readonly unknown[]) => unknown,
): void {
  const original = writers[name];
  if (original === undefined) return;
  const write = original.bind(writers);
  // What comes with a function (how it is promised, for example) stays.
  writers[name] = Object.assign((...given: unknown[]) => by(write, ...given), original);
}

/** @throws what the system says of a place where one may not write, in words for the agent. */
function refuseWayOut(
  given: readonly unknown[],
  {roots, written}: {roots: readonly string[]; written: Written},
): void {
  const {at, way, flags, isMade} = written;
  if (flags !== undefined && !isWriting(given[flags])) return;
  for (const index of at) {
    const path = pathOf(given[index]);
    const end = path === undefined ? undefined : wayOut(path, {roots, way});
    if (end === undefined || (isMade && isThere(end))) continue;
    const message = `${path} ${LEADS_OUT}, to ${end}. Nothing was written there. Your worktree is where you may write: use a path that stays in it.`;
    throw Object.assign(new Error(message), {code: 'EACCES', errno: -13, syscall: 'open', path});
  }
}

function isThere(path: string): boolean {
  return process.getBuiltinModule('node:fs').existsSync(path);
}

function pathOf(given: unknown): string | undefined {
  if (given instanceof URL) return fileURLToPath(given);
  if (given instanceof Uint8Array) return Buffer.from(given).toString();
  return typeof given === 'string' ? given : undefined;
}

/** Of a file that is opened. Where there are none, it is read. */
function isWriting(flags: unknown): boolean {
  const {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC} = process.getBuiltinModule('node:fs').constants;
  if (typeof flags === 'number') return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) !== 0;
  return typeof flags === 'string' && /[wa+]/.test(flags);
}
