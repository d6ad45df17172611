import {messageOf} from '../../base/errors.ts';
import type {Git} from '../../git/git.ts';
import {GitError} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {BadBundle, type BundleFile} from './bundle-file.ts';
import {cannotTravel} from './cannot-travel.ts';
import {repositoryIdentity} from './identity.ts';
import {packStart, START_REF} from './start-bundle.ts';
import type {Travel} from './travel.ts';
import {withIncoming} from './unpack.ts';

export interface PackWholeOptions {
  /** In the checkout that it was sent from. */
  readonly directory: string;
  /** As it was planned. */
  readonly travel: Travel;
  /** The file of the bundle that went with it: what was not committed is nowhere else. */
  readonly luggage?: string | undefined;
  readonly spool: string;
  readonly limitBytes: number;
}

/**
 * Packs all of what was to travel in part, with its history, for a worker that cannot fetch the rest. Nothing changes in
 * the repository.
 * @throws Refusal where that is too large, or not all here.
 */
export async function packWhole(
  git: Git,
  options: PackWholeOptions,
): Promise<{readonly travel: Travel; readonly bundle: BundleFile}> {
  const {directory, travel, luggage, spool: path, limitBytes} = options;
  const {repository, format, head, commit, prefix} = travel;
  try {
    const {folders} = await git.locate(directory);
    const looking = git.looking(folders);
    const {isShallow} = await repositoryIdentity(looking);
    const packed = (inside: RepositoryGit) =>
      packStart(inside, {format, commit, since: [], isShallow}, {path, limitBytes});
    const expected = {ref: START_REF, commit, format, limitBytes};
    const bundle =
      commit === head || luggage === undefined
        ? await packed(looking)
        : await withIncoming(looking, {path: luggage, expected}, (incoming) => packed(incoming.git));
    const {bytes, sha256} = bundle;
    return {travel: {repository, format, head, commit, prefix, way: 'bundle', bytes, sha256}, bundle};
  } catch (error) {
    if (!(error instanceof GitError || error instanceof BadBundle)) throw error;
    throw cannotTravel(`git says: ${messageOf(error)}. Fix that`, error);
  }
}
