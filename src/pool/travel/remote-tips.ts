import type {RepositoryGit} from '../../git/repository-git.ts';
import type {NamedRemote} from './identity.ts';
import type {FetchProtocol} from './remote-url.ts';

/** A server that takes longer to say what it has is taken for one that cannot be reached. */
const ASK_MS = 15_000;
/** Commits without their files: seconds also for thousands of them. */
const LOOK_MS = 30_000;

/** A branch or tag of a remote, and the commit that it is at. */
export interface Tip {
  readonly ref: string;
  readonly commit: string;
}

/** What git is given wherever it talks to another machine: nothing asks a person, and no other protocol is spoken. */
export function networkEnvironment(protocols: readonly FetchProtocol[]): NodeJS.ProcessEnv {
  return {
    GIT_ALLOW_PROTOCOL: protocols.join(':'),
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GCM_INTERACTIVE: 'never',
  };
}

/** Asks a remote what it has now: what a checkout remembers of it may be gone. @throws GitError when it does not say. */
export async function tipsOf(
  git: RepositoryGit,
  {
    remote,
    protocols,
    signal,
  }: {remote: NamedRemote; protocols: readonly FetchProtocol[]; signal?: AbortSignal},
): Promise<readonly Tip[]> {
  const chunks: Buffer[] = [];
  await git.stream(['ls-remote', '--quiet', '--heads', '--tags', '--', remote.name], {
    env: networkEnvironment(protocols),
    timeoutMs: ASK_MS,
    output: (chunk) => void chunks.push(chunk),
    ...(signal !== undefined && {signal}),
  });
  const tips = new Map<string, string>();
  for (const line of Buffer.concat(chunks).toString().split('\n')) {
    const [commit, ref] = line.split('\t');
    // The last line of an annotated tag has the commit that it is at.
    if (commit !== undefined && ref !== undefined) tips.set(ref.replace(/\^\{\}$/, ''), commit);
  }
  return [...tips].map(([ref, commit]) => ({ref, commit}));
}

/** Those of the tips whose commits are in the repository. */
export async function knownAmong(git: RepositoryGit, tips: readonly Tip[]): Promise<readonly Tip[]> {
  if (tips.length === 0) return [];
  const input = tips.map(({commit}) => `${commit}\n`).join('');
  const lines = (await git.run(['cat-file', '--batch-check=%(objecttype)'], {input})).split('\n');
  return tips.filter((_, index) => lines[index] === 'commit');
}

/**
 * Fetches the commits of these branches, without their files where the server can leave them out, to where `git` puts
 * objects. Nothing else changes: no ref, no configuration. @throws GitError.
 */
export async function lookAt(
  git: RepositoryGit,
  tips: readonly Tip[],
  {
    remote,
    protocols,
    signal,
  }: {remote: NamedRemote; protocols: readonly FetchProtocol[]; signal?: AbortSignal},
): Promise<void> {
  const quietly = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--refmap='];
  const refs = tips.map(({ref}) => ref);
  await git.stream(
    ['fetch', ...quietly, '--no-recurse-submodules', '--filter=tree:0', '--', remote.name, ...refs],
    {
      env: networkEnvironment(protocols),
      timeoutMs: LOOK_MS,
      ...(signal !== undefined && {signal}),
    },
  );
}
