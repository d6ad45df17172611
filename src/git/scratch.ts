import {copyFile, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {exists} from './exists.ts';
import {changedPaths, notStaged, stage} from './stage.ts';
import type {Stageable} from './worked-in.ts';

/** A folder for what git makes while it looks: the repository gets no object and no index from it. */
export interface Scratch {
  readonly folder: string;
  /** Has git put new objects here, and find those of the repository all the same. */
  readonly env: NodeJS.ProcessEnv;
}

/** The scratch is gone when `use` has ended. */
export async function withScratch<Result>(
  commonDir: string,
  use: (scratch: Scratch) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'opencode-delegate-change-'));
  try {
    const objects = join(folder, 'objects');
    await mkdir(join(objects, 'info'), {recursive: true});
    await writeFile(join(objects, 'info', 'alternates'), `${join(commonDir, 'objects')}\n`);
    return await use({folder, env: {GIT_OBJECT_DIRECTORY: objects}});
  } finally {
    await rm(folder, {recursive: true, force: true, maxRetries: 3});
  }
}

/** All files of a worktree that are not ignored, at one moment. */
export interface Snapshotted {
  readonly tree: string;
  /** What differs from the commit that is checked out, as `changedPaths` names it. */
  readonly uncommitted: readonly string[];
  /** What git has refused to take, named in the same way. */
  readonly leftOut: readonly string[];
}

/** Makes a tree of what is in a worktree, committed or not. Its index stays as it is. */
export async function snapshot(worktree: Stageable, scratch: Scratch): Promise<Snapshotted> {
  const own = join(worktree.git.folders.gitDir, 'index');
  const index = join(await mkdtemp(join(scratch.folder, 'look-')), 'index');
  if (await exists(own)) await copyFile(own, index);
  const aside = worktree.with({...scratch.env, GIT_INDEX_FILE: index});
  const uncommitted = await changedPaths(aside.look);
  await stage(aside, uncommitted);
  const tree = await aside.git.run(['write-tree']);
  return {tree, uncommitted, leftOut: await notStaged(aside)};
}
