import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import {realPath} from '../real-path.ts';
import {upwards} from '../upwards.ts';
import {Git} from './git.ts';

/** A repository whose history takes longer than this to walk is known by its directory instead. */
const GIT_TIMEOUT_MS = 10_000;
const COMMIT = /^[0-9a-f]{40,64}$/;

/**
 * The name of the project that a directory belongs to, safe as a folder name: the repository's root commit,
 * so that clones and worktrees share it, else a name made of the directory.
 */
export async function projectOf(directory: string): Promise<string> {
  return (await rootCommit(directory)) ?? (await nameOfDirectory(directory));
}

async function rootCommit(directory: string): Promise<string | undefined> {
  // Git takes longer to say that there is none than an answer should.
  if (!mayBeInRepository(directory)) return undefined;
  try {
    const args = ['rev-list', '--max-parents=0', 'HEAD'];
    const roots = await new Git(process.env).run(directory, args, {timeoutMs: GIT_TIMEOUT_MS});
    // A history that was merged from several has several roots; any will do as long as it is always the same.
    return roots
      .split(/\s+/)
      .filter((line) => COMMIT.test(line))
      .sort()[0];
  } catch {
    // No git, no repository or no commit yet: then the directory is the project.
    return undefined;
  }
}

/** What a repository has in its directory, or in its own where it is bare. */
const REPOSITORY_HAS = ['.git', 'HEAD'];

function mayBeInRepository(directory: string): boolean {
  const folders = upwards(resolve(directory));
  return folders.some((folder) => REPOSITORY_HAS.some((name) => existsSync(join(folder, name))));
}

async function nameOfDirectory(directory: string): Promise<string> {
  // A directory that is gone still has the records that were made in it, under the path as it was given.
  const path = await realPath(directory);
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const readable = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return readable === '' ? digest : `${readable}-${digest}`;
}
