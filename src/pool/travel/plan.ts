import {messageOf} from '../../base/errors.ts';
import type {Git, Location} from '../../git/git.ts';
import {GitError, GitMissing, GitTooOld} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {type Scratch, withScratch} from '../../git/scratch.ts';
import {inPlace} from '../../git/worked-in.ts';
import type {BundleFile, ObjectFormat} from './bundle-file.ts';
import {cannotTravel} from './cannot-travel.ts';
import {type RepositoryIdentity, repositoryIdentity} from './identity.ts';
import {leftBehind, named} from './left-behind.ts';
import {type RemoteReach, reachOf} from './reach.ts';
import {type FetchProtocol, withoutCredentials} from './remote-url.ts';
import {packStart} from './start-bundle.ts';
import type {FetchPart, Travel} from './travel.ts';
import {commitWorkingTree} from './working-commit.ts';

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const MOST_PREREQUISITES = 200;

export interface TravelOptions {
  /** Where it is delegated for. */
  readonly directory: string;
  /** Whether what is not committed there travels as well. Not with `commit`. */
  readonly includesChanges: boolean;
  /** What the work starts from: a commit of the repository. Default: the one that is checked out. */
  readonly commit?: string;
  /** The most that a bundle may have. */
  readonly limitBytes: number;
  /** Where the bundle is kept until it is sent, if there is one. */
  readonly spool: string;
  /** By which protocols a worker may be able to fetch. */
  readonly protocols: readonly FetchProtocol[];
  /** `nothing`: workers have said that they cannot fetch this repository, so that all of it is to travel. */
  readonly workersFetch: 'what they can' | 'nothing';
  readonly signal?: AbortSignal;
}

export interface PlannedTravel {
  /** Goes into the job, as it is. */
  readonly travel: Travel;
  readonly identity: RepositoryIdentity;
  /** The root of the checkout. */
  readonly checkout: string;
  readonly commonDir: string;
  /** There with the way `bundle`. */
  readonly bundle?: BundleFile;
  /** Which way it goes, and which commit: one sentence. */
  readonly sentence: string;
  /** What stays behind, and what else should be known: whole sentences. */
  readonly notes: readonly string[];
}

/**
 * Finds out how the code of a directory comes to a worker, and packs it where a worker cannot fetch it. Nothing in the
 * checkout or its repository changes.
 * @throws Refusal when it cannot travel, with the reason.
 */
export async function planTravel(git: Git, options: TravelOptions): Promise<PlannedTravel> {
  try {
    const location = await git.locate(options.directory);
    return await withScratch(location.folders.commonDir, (scratch) =>
      planned({git: git.inside(location.folders), scratch, location}, options),
    );
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof GitMissing) throw cannotTravel('git is not installed. Install it', error);
    if (error instanceof GitTooOld) throw cannotTravel(`${error.message}. Install a newer one`, error);
    if (error instanceof GitError) {
      throw cannotTravel(`git says: ${withoutCredentials(messageOf(error))}. Fix that`, error);
    }
    throw error;
  }
}

interface Place {
  readonly git: RepositoryGit;
  readonly scratch: Scratch;
  readonly location: Location;
}

async function planned(place: Place, options: TravelOptions): Promise<PlannedTravel> {
  const {git, scratch, location} = place;
  const {workTree: checkout, commonDir} = location.folders;
  const head = await headOf(git, options);
  const aside = git.with(scratch.env);
  const identity = await repositoryIdentity(aside);
  const {commit, leftOut} = options.includesChanges
    ? await changesOf(place, head)
    : {commit: head, leftOut: []};
  await checkPrefix(aside, {commit, prefix: location.prefix});
  const reach = await reachFor(aside, {head, identity, options});
  const format = head.length === 40 ? 'sha1' : 'sha256';
  const common = {
    repository: identity.repository ?? `commit:${head}`,
    ...{format: format satisfies ObjectFormat as ObjectFormat, head, commit, prefix: location.prefix},
  };
  const notes = await leftBehind(aside, {commit, includesChanges: options.includesChanges, leftOut});
  const whole = {identity, checkout, commonDir};
  const [remote] = identity.remotes;
  if (commit === head && reach.missing?.length === 0 && remote !== undefined) {
    const from = {url: remote.url, refs: refsOf(reach.refs), commits: [head]};
    const sentence = `The worker fetches commit ${head.slice(0, 12)} from ${remote.address}.`;
    return {...whole, travel: {...common, way: 'remote', from}, sentence, notes};
  }
  const since: FetchPart | undefined =
    remote === undefined || reach.known.length === 0
      ? undefined
      : {url: remote.url, refs: refsOf(reach.refs), commits: [...reach.known]};
  const {spool: path, limitBytes, signal} = options;
  const content = {format: common.format, commit, since: since?.commits ?? [], isShallow: identity.isShallow};
  const bundle = await packStart(aside, content, {path, limitBytes, ...(signal !== undefined && {signal})});
  const {bytes, sha256} = bundle;
  const travel: Travel = {...common, way: 'bundle', ...(since !== undefined && {since}), bytes, sha256};
  const what =
    commit === head
      ? `Commit ${head.slice(0, 12)}`
      : `What is not committed, on commit ${head.slice(0, 12)},`;
  const onTop =
    since === undefined
      ? 'with all of its history'
      : `on top of what the worker fetches from ${remote?.address}`;
  const sentence = `${what} travels in a bundle of ${bytes} bytes, ${onTop}.`;
  return {...whole, travel, bundle, sentence, notes: [...reach.notes, ...notes]};
}

async function headOf(git: RepositoryGit, {commit, includesChanges}: TravelOptions): Promise<string> {
  if (commit !== undefined && includesChanges)
    throw new Error('changes belong to the commit that is checked out');
  if (commit !== undefined && !COMMIT.test(commit)) throw new Error(`${commit} is no full name of a commit`);
  const head = await git.ask(['rev-parse', '--verify', '--quiet', `${commit ?? 'HEAD'}^{commit}`]);
  if (head !== undefined) return head;
  const {workTree} = git.folders;
  throw cannotTravel(
    commit === undefined
      ? `the repository ${workTree} has no commit yet. Commit first`
      : `the commit ${commit.slice(0, 12)} is not in the repository ${workTree} any more`,
  );
}

async function changesOf(
  {git, scratch}: Place,
  head: string,
): Promise<{commit: string; leftOut: readonly string[]}> {
  const unmerged = await git.run(['diff', '--name-only', '--diff-filter=U', '-z'], {encoding: 'latin1'});
  if (unmerged !== '') {
    const paths = [...new Set(unmerged.split('\0').filter((path) => path !== ''))];
    throw cannotTravel(
      `a merge is not finished: there are conflicts in ${named(paths)}. Resolve them, or leave out include_changes`,
    );
  }
  const worktree = inPlace(git);
  return commitWorkingTree({worktree, scratch, head}, 'What was not committed when this was delegated');
}

async function checkPrefix(
  git: RepositoryGit,
  {commit, prefix}: {commit: string; prefix: string},
): Promise<void> {
  if (prefix === '' || (await git.ask(['cat-file', '-t', `${commit}:${prefix}`])) === 'tree') return;
  throw cannotTravel(
    `${prefix} is not in the commit ${commit.slice(0, 12)}, which the worker gets. Commit it`,
  );
}

interface KnownReach extends Omit<RemoteReach, 'missing'> {
  /** Absent where nothing is known of a remote. */
  readonly missing?: readonly string[];
  readonly notes: readonly string[];
}

async function reachFor(
  git: RepositoryGit,
  {head, identity, options}: {head: string; identity: RepositoryIdentity; options: TravelOptions},
): Promise<KnownReach> {
  const nothing = {known: [], refs: []};
  const [remote] = identity.remotes;
  if (options.workersFetch === 'nothing') return {...nothing, notes: []};
  if (remote === undefined)
    return {...nothing, notes: ['This checkout has no remote that another machine could fetch from.']};
  const {protocols, signal} = options;
  if (!protocols.includes(remote.protocol)) {
    return {
      ...nothing,
      notes: [`Workers do not fetch by ${remote.protocol}, as ${remote.address} would need.`],
    };
  }
  const reach = await reachOf(git, head, {remote, protocols, ...(signal !== undefined && {signal})});
  if ('unasked' in reach) return {...nothing, notes: [reach.unasked]};
  // More would not fit into a job; what they stand for then travels as well.
  if (reach.known.length > MOST_PREREQUISITES) return {...nothing, notes: []};
  return {...reach, notes: []};
}

function refsOf(refs: readonly string[]): string[] {
  return refs.length > 50 ? [] : [...refs];
}
