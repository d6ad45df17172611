import {statSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {realPathSync} from '../../base/real-path.ts';
import {upwards} from '../../base/upwards.ts';
import {wholeOf} from '../../base/whole-file.ts';

/**
 * The folder that all worktrees of a directory's repository share, as its real path; `undefined` of a directory that is
 * in none. It is found by reading git's files: a git that is missing or slow, or that an environment points elsewhere,
 * must not make another project of it.
 */
export function commonFolderOf(directory: string): string | undefined {
  for (const folder of upwards(existing(directory))) {
    const commonDir = repositoryAt(folder);
    if (commonDir !== undefined) return commonDir;
  }
  return undefined;
}

/** The same, of a folder that is a checkout or a repository itself. */
export function repositoryAt(folder: string): string | undefined {
  const gitDir = [join(folder, '.git'), linkedIn(folder), folder].find(
    (path) => path !== undefined && isGitDir(path),
  );
  if (gitDir === undefined) return undefined;
  const shared = fileTextOf(join(gitDir, 'commondir'));
  return realPathSync(shared === undefined ? gitDir : resolve(gitDir, shared));
}

/** The folder that people see of a repository: the one that its `.git` lies in, or a bare repository itself. */
export function repositoryTopOf(commonDir: string): string {
  return basename(commonDir) === '.git' ? dirname(commonDir) : commonDir;
}

/** True for a repository that nobody works in: it has no folder around it. */
export function isBare(commonDir: string): boolean {
  return repositoryTopOf(commonDir) === commonDir;
}

/** A text of git's in one line; `undefined` where there is no such file. */
export function fileTextOf(path: string): string | undefined {
  try {
    return wholeOf(path).trim();
  } catch {
    return undefined;
  }
}

/** The directory with its links followed, or the nearest above one that is gone. */
function existing(directory: string): string {
  const folder = upwards(resolve(directory)).find((path) => isThere(path));
  return realPathSync(folder ?? directory);
}

/** Where the `.git` of a worktree or a submodule, which is a file, says that its repository is. */
function linkedIn(folder: string): string | undefined {
  const path = /^gitdir: (.+)$/.exec(fileTextOf(join(folder, '.git')) ?? '')?.[1];
  return path === undefined ? undefined : resolve(folder, path);
}

/** As git knows one: objects and references are in that of all worktrees. */
function isGitDir(path: string): boolean {
  if (!isThere(join(path, 'HEAD'))) return false;
  return isThere(join(path, 'commondir')) || (isThere(join(path, 'objects')) && isThere(join(path, 'refs')));
}

function isThere(path: string): boolean {
  try {
    return statSync(path, {throwIfNoEntry: false}) !== undefined;
  } catch {
    return false;
  }
}
