import {rm} from 'node:fs/promises';
import {messageOf, Refusal} from '../../base/errors.ts';
import {quoted} from '../../base/safe-text.ts';
import type {Git} from '../../git/git.ts';
import {GitError} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {BadBundle, keepBundle} from './bundle-file.ts';
import {repositoryIdentity} from './identity.ts';
import {START_REF} from './start-bundle.ts';
import type {Travel} from './travel.ts';
import {withIncoming} from './unpack.ts';

/** A checkout of the repository that work was sent from. */
export interface HomeCheckout {
  readonly checkout: string;
  readonly commonDir: string;
}

export interface HomewardOptions {
  readonly directory: string;
  readonly travel: Travel;
  /** Where the bundle is kept meanwhile. */
  readonly spool: string;
  readonly limitBytes: number;
  /** What has travelled to the worker, where it was a bundle. */
  readonly bundle: () => AsyncIterable<Uint8Array>;
}

/** Whether a directory is in a checkout of the repository that work was sent from; `undefined` where it is in none. */
export async function belongsIn(git: Git, directory: string, travel: Travel): Promise<boolean | undefined> {
  try {
    const {remotes, roots} = await repositoryIdentity(git.looking((await git.locate(directory)).folders));
    const {repository} = travel;
    const names = [...remotes.map(({address}) => address), ...roots.map((root) => `root:${root}`)];
    return names.includes(repository);
  } catch (error) {
    if (error instanceof GitError) return undefined;
    throw error;
  }
}

/**
 * Gets another checkout than the one that work was sent from ready for what has come of it: it has what the work started
 * from. Where that is in no remote, it comes from what has travelled. No ref is made.
 * @throws Refusal where it is of another repository, or lacks what only its person can get.
 */
export async function readyHome(git: Git, options: HomewardOptions): Promise<HomeCheckout> {
  const {directory, travel} = options;
  if ((await belongsIn(git, directory, travel)) !== true) {
    throw new Refusal(
      `${directory} is no checkout of ${quoted(travel.repository)}, which the work belongs to. Nothing was collected. Go to a checkout of it.`,
    );
  }
  const {folders} = await git.locate(directory);
  const {workTree: checkout, commonDir} = folders;
  const inside = git.looking(folders);
  if ((await inside.ask(['cat-file', '-e', `${travel.head}^{commit}`])) !== undefined)
    return {checkout, commonDir};
  const what = `commit ${travel.head.slice(0, 12)} of ${quoted(travel.repository)}, which the work started from`;
  if (travel.way === 'remote') {
    throw new Refusal(`${checkout} does not have ${what}. Nothing was collected. \`git fetch\` gets it.`);
  }
  const {commit, format, bytes, sha256} = travel;
  const {spool: path, limitBytes} = options;
  try {
    await keepBundle(options.bundle(), {path, bytes, sha256});
    await unpackStart(inside, {path, commit, format, limitBytes});
  } catch (error) {
    if (!(error instanceof BadBundle || error instanceof GitError)) throw error;
    throw new Refusal(
      `${checkout} does not have ${what}: ${quoted(messageOf(error))}. Nothing was collected. \`git fetch\` may get what it lacks.`,
      {cause: error},
    );
  } finally {
    await rm(path, {force: true});
  }
  return {checkout, commonDir};
}

/**
 * Has what was not committed in the repository that it was sent from, once nothing has come home that has it: what is to
 * go on from there needs it. No ref is made, so that git removes it in some weeks.
 */
export async function keepStart(
  git: Git,
  checkout: string,
  {travel, path, limitBytes}: {readonly travel: Travel; readonly path: string; readonly limitBytes: number},
): Promise<void> {
  const {commit, head, format} = travel;
  if (commit === head) return;
  const inside = git.looking((await git.locate(checkout)).folders);
  if ((await inside.ask(['cat-file', '-e', `${commit}^{commit}`])) !== undefined) return;
  await unpackStart(inside, {path, commit, format, limitBytes});
}

function unpackStart(
  git: RepositoryGit,
  {path, ...expected}: Pick<Travel, 'commit' | 'format'> & {path: string; limitBytes: number},
): Promise<void> {
  return withIncoming(git, {path, expected: {ref: START_REF, ...expected}}, ({accept}) => accept());
}
