import {messageOf} from '../../base/errors.ts';
import {GitError} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import type {NamedRemote} from './identity.ts';
import {knownAmong, lookAt, type Tip, tipsOf} from './remote-tips.ts';
import {type FetchProtocol, withoutCredentials} from './remote-url.ts';

/** So many branches are looked at for news, and so many tried as the place of a commit. */
const MAX_LOOKED_AT = 20;
const MAX_TRIED = 60;

/** What a remote has of the history of a commit. */
export interface RemoteReach {
  /** Commits of the history that the remote does not have; empty where it has the commit. */
  readonly missing: readonly string[];
  /** The last ones that it has. */
  readonly known: readonly string[];
  /** Branches and tags of the remote that contain what is known; empty where that was not found out. */
  readonly refs: readonly string[];
}

export interface ReachOptions {
  readonly remote: NamedRemote;
  readonly protocols: readonly FetchProtocol[];
  readonly signal?: AbortSignal;
}

/** Resolves with a sentence where the remote does not say what it has. */
export async function reachOf(
  git: RepositoryGit,
  commit: string,
  options: ReachOptions,
): Promise<RemoteReach | {readonly unasked: string}> {
  try {
    const tips = await tipsOf(git, options);
    return await comparedWith(tips, {git, commit, options});
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof GitError)) throw error;
    const words = withoutCredentials(messageOf(error));
    return {unasked: `${options.remote.address} could not be asked what it has: ${words}.`};
  }
}

async function comparedWith(
  tips: readonly Tip[],
  {git, commit, options}: {git: RepositoryGit; commit: string; options: ReachOptions},
): Promise<RemoteReach> {
  const known = await knownAmong(git, tips);
  const now = await rangeOf(
    git,
    commit,
    known.map((tip) => tip.commit),
  );
  const found = (range: RemoteReach, among: readonly Tip[]) => withRefs(git, range, among);
  if (now.missing.length === 0 || known.length === tips.length) return found(now, known);
  const moved = await movedOf(git, {tips, known, remote: options.remote});
  // What this checkout has last seen there tells whether it is worth a look.
  const remembered = [...known, ...moved].map((tip) => tip.commit);
  const hope = moved.length === 0 ? now : await rangeOf(git, commit, remembered);
  if (hope.missing.length === now.missing.length) return found(now, known);
  try {
    await lookAt(git, moved, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof GitError)) throw error;
    return found(now, known);
  }
  const all = await knownAmong(git, tips);
  return found(
    await rangeOf(
      git,
      commit,
      all.map((tip) => tip.commit),
    ),
    all,
  );
}

/** Branches that are elsewhere than when they were last fetched, with the commits that they were at then. */
async function movedOf(
  git: RepositoryGit,
  {tips, known, remote}: {tips: readonly Tip[]; known: readonly Tip[]; remote: NamedRemote},
): Promise<readonly Tip[]> {
  const place = `refs/remotes/${remote.name}/`;
  const listed = await git.run(['for-each-ref', '--format=%(objectname) %(refname)', place]);
  const seen = new Map<string, string>();
  for (const line of listed.split('\n')) {
    const [commit = '', ref = ''] = line.split(' ');
    seen.set(ref.replace(place, 'refs/heads/'), commit);
  }
  const isKnown = new Set(known.map(({ref}) => ref));
  return tips
    .filter(({ref}) => !isKnown.has(ref))
    .flatMap(({ref}) => {
      const commit = seen.get(ref);
      return commit === undefined ? [] : [{ref, commit}];
    })
    .slice(0, MAX_LOOKED_AT);
}

async function rangeOf(git: RepositoryGit, commit: string, without: readonly string[]): Promise<RemoteReach> {
  const input = [commit, ...new Set(without.map((one) => `^${one}`)), ''].join('\n');
  const listed = await git.run(['rev-list', '--boundary', '--stdin'], {input});
  const lines = listed.split('\n').filter((line) => line !== '');
  const missing = lines.filter((line) => !line.startsWith('-'));
  const known = missing.length === 0 ? [commit] : lines.flatMap((line) => /^-(.+)/.exec(line)?.[1] ?? []);
  return {missing, known, refs: []};
}

/** Finds branches or tags that contain what is known: a worker then needs to fetch no more than those. */
async function withRefs(git: RepositoryGit, range: RemoteReach, tips: readonly Tip[]): Promise<RemoteReach> {
  const sorted = [...tips].sort((a, b) => rank(a) - rank(b));
  const refs = new Set<string>();
  let tried = 0;
  for (const commit of range.known) {
    const at = sorted.find((tip) => tip.commit === commit);
    let found = at;
    for (const tip of at === undefined ? sorted : []) {
      if (tried++ === MAX_TRIED) return range;
      if ((await git.ask(['merge-base', '--is-ancestor', commit, tip.commit])) === undefined) continue;
      found = tip;
      break;
    }
    if (found === undefined) return range;
    refs.add(found.ref);
  }
  return {...range, refs: [...refs]};
}

/** What stays: the branches that most repositories have, other branches, tags. */
function rank({ref}: Tip): number {
  if (/^refs\/heads\/(main|master|trunk|develop)$/.test(ref)) return 0;
  return ref.startsWith('refs/heads/') ? 1 : 2;
}
