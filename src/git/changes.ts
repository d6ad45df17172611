import {chmod, mkdir, rm, statfs, symlink, writeFile} from 'node:fs/promises';
import {type HeldFolder, isNothing, type Name} from './held-folder.ts';

/** Git may have to know of it for a file beside or below it. */
const ATTRIBUTES = '.gitattributes';
const EXECUTABLE = 0o111;
/** Before a copy of one that is larger, it is looked whether there is room. */
const LARGE_BYTES = 64 * 1024 * 1024;

/** What a folder has that is to be copied: its names in `latin1`, each with what is to be copied below it. */
type Tree = Map<string, Tree>;

/** A path that could not be copied, with the reason. */
export interface Refused {
  readonly path: string;
  readonly why: unknown;
}

/**
 * Copies what is at some paths of a worktree to a folder of ours, for git to work on: anyone who still writes in the
 * worktree can exchange a folder for a link while git goes through it. No link is followed here. What is not there is
 * not in the copy either. Of a repository, there is only where git finds its commit.
 * @param paths relative to the worktree, in `latin1`.
 * @returns those that are there and could not be copied.
 */
export async function copyChanges(
  worktree: HeldFolder,
  paths: readonly string[],
  to: string,
): Promise<readonly Refused[]> {
  const refused: Refused[] = [];
  await copyTree(worktree, treeOf(paths), {to: Buffer.from(to), under: '', refused});
  return refused;
}

function treeOf(paths: readonly string[]): Tree {
  const root: Tree = new Map();
  for (const path of paths) {
    let tree = root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const inner: Tree = tree.get(name) ?? new Map();
      tree.set(name, inner);
      tree = inner;
    }
  }
  return root;
}

interface Copying {
  readonly to: Buffer;
  /** The path from the worktree to the folder that is copied from; empty, or with a slash at its end. */
  readonly under: string;
  readonly refused: Refused[];
}

async function copyTree(from: HeldFolder, tree: Tree, copying: Copying): Promise<void> {
  const names = [...tree.keys()];
  if (!tree.has(ATTRIBUTES)) await copyOne(from, ATTRIBUTES, new Map(), {...copying, refused: []});
  for (const name of names) await copyOne(from, name, tree.get(name) ?? new Map(), copying);
}

async function copyOne(from: HeldFolder, name: string, below: Tree, copying: Copying): Promise<void> {
  const bytes = Buffer.from(name, 'latin1');
  const to = Buffer.concat([copying.to, Buffer.from('/'), bytes]);
  try {
    const stats = await from.look(bytes);
    if (stats === undefined) return;
    if (stats.isSymbolicLink()) await symlink(await from.link(bytes), to);
    else if (stats.isDirectory()) {
      const under = `${copying.under}${name}/`;
      await copyFolder(from, bytes, below, {...copying, to, under});
    } else await copyFile(from, bytes, to);
  } catch (why) {
    if (!isNothing(why)) copying.refused.push({path: `${copying.under}${name}`, why});
  }
}

async function copyFolder(parent: HeldFolder, name: Buffer, tree: Tree, copying: Copying): Promise<void> {
  const folder = await parent.folder(name);
  try {
    await mkdir(copying.to);
    const repository = await repositoryIn(folder);
    if (repository !== undefined) {
      await writeFile(inside(copying.to, '.git'), Buffer.concat([Buffer.from('gitdir: '), repository]));
    }
    await copyTree(folder, tree, copying);
  } finally {
    await folder.close();
  }
}

async function copyFile(from: HeldFolder, name: Buffer, to: Buffer): Promise<void> {
  await from.file(name, async (file) => {
    const {mode, size} = await file.stat();
    // A file may say that it is larger than the disk: what is not written in it takes no room.
    if (size > LARGE_BYTES && size > (await roomAt(to))) throw new Error('there is no room for a copy of it');
    try {
      await writeFile(to, file.createReadStream({autoClose: false}), {flag: 'wx'});
      await chmod(to, (mode & EXECUTABLE) === 0 ? 0o600 : 0o700);
    } catch (error) {
      // The rest may still find room.
      await rm(to, {force: true});
      throw error;
    }
  });
}

async function roomAt(path: Buffer): Promise<number> {
  const {bavail, bsize} = await statfs(path.subarray(0, path.lastIndexOf('/')));
  return bavail * bsize;
}

/** Where a repository that lies in a folder has its folder of git; `undefined` where there is none. */
async function repositoryIn(folder: HeldFolder): Promise<Buffer | undefined> {
  const stats = await folder.look('.git');
  if (stats === undefined) return undefined;
  if (!stats.isFile()) return inside(folder.path, '.git');
  const text = await folder.file('.git', (file) => file.readFile('latin1'));
  const given = /^gitdir: ([^\r\n]+)/.exec(text)?.[1] ?? '';
  const bytes = Buffer.from(given, 'latin1');
  return given.startsWith('/') || /^[a-z]:/i.test(given) ? bytes : inside(folder.path, bytes);
}

function inside(folder: Buffer, name: Name): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), Buffer.from(name)]);
}
