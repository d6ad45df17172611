import type {RepositoryGit} from '../../git/repository-git.ts';
import {type RemoteUrl, remoteUrl} from './remote-url.ts';

/** Roots are at the end of the whole history. Where that takes longer, none is known. */
const FIRST_COMMITS_MS = 10_000;

/** A remote of a checkout that other machines may reach. */
export interface NamedRemote extends RemoteUrl {
  readonly name: string;
}

/** Which repository a checkout is of, for everybody who has one of it. */
export interface RepositoryIdentity {
  /** The one that it is known by comes first. */
  readonly remotes: readonly NamedRemote[];
  /** The commits that its history begins with; empty where a shallow clone does not know. */
  readonly roots: readonly string[];
  readonly isShallow: boolean;
  /** The address of the first remote, as `host/path`; else `root:` and the first root; else `undefined`. */
  readonly repository: string | undefined;
}

/**
 * Finds out which repository a checkout is of. A fork has another address than what it was made from, and is another
 * repository, though both have one root.
 */
export async function repositoryIdentity(git: RepositoryGit): Promise<RepositoryIdentity> {
  const [listed, shallow, found] = await Promise.all([
    git.run(['remote', '--verbose']),
    git.run(['rev-parse', '--is-shallow-repository']),
    git.ask(['rev-list', '--max-parents=0', 'HEAD'], {timeoutMs: FIRST_COMMITS_MS}),
  ]);
  const isShallow = shallow === 'true';
  const remotes = listed.split('\n').flatMap((line): NamedRemote[] => {
    // With `url.<base>.insteadOf` applied, as git fetches from there.
    const [, name, url] = /^([^\t]+)\t(.+) \(fetch\)(?: \[.*\])?$/.exec(line) ?? [];
    const known = url === undefined ? undefined : remoteUrl(url);
    return name === undefined || known === undefined ? [] : [{name, ...known}];
  });
  remotes.sort((a, b) => rank(a) - rank(b));
  const roots = isShallow
    ? []
    : (found ?? '')
        .split('\n')
        .filter((root) => root !== '')
        .sort();
  const [root] = roots;
  const repository = remotes[0]?.address ?? (root === undefined ? undefined : `root:${root}`);
  return {remotes, roots, isShallow, repository};
}

/** `upstream` or `template` is what a copy has of the repository that it was made from. */
function rank({name}: NamedRemote): number {
  return name === 'origin' ? 0 : 1;
}
