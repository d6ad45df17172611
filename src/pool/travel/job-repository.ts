import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Git} from '../../git/git.ts';
import type {Folders, RepositoryGit} from '../../git/repository-git.ts';
import type {ObjectFormat} from './bundle-file.ts';

/**
 * Makes an empty repository, without templates, hooks or settings of anybody.
 * @param options `objects`: where it finds objects that it has not; `workTree` absent for one without files.
 */
export async function makeRepository(
  git: Git,
  gitDir: string,
  {format, workTree, objects}: {format: ObjectFormat; workTree?: string; objects?: string},
): Promise<RepositoryGit> {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'info'])
    await mkdir(join(gitDir, folder), {recursive: true, mode: 0o700});
  const version = format === 'sha1' ? 0 : 1;
  const extension = format === 'sha1' ? '' : `[extensions]\n\tobjectformat = ${format}\n`;
  const bare = workTree === undefined;
  await writeFile(
    join(gitDir, 'config'),
    `[core]\n\trepositoryformatversion = ${version}\n\tfilemode = true\n\tbare = ${bare}\n${extension}`,
  );
  if (objects !== undefined) await writeFile(join(gitDir, 'objects/info/alternates'), `${objects}\n`);
  // Last: without it, git takes the folder for none of its own.
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n');
  return git.looking(foldersIn(gitDir, workTree));
}

/** Git in one that is there, which runs no program that anybody has set. */
export function openRepository(git: Git, gitDir: string): RepositoryGit {
  return git.looking(foldersIn(gitDir));
}

function foldersIn(gitDir: string, workTree = gitDir): Folders {
  return {workTree, gitDir, commonDir: gitDir};
}
