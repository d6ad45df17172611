import type {Refusal} from '../../base/errors.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {cannotTravel} from './cannot-travel.ts';
import {named} from './left-behind.ts';

/** Packing makes less of what is stored, but not by so much. */
const SURELY_TOO_LARGE = 20;
const LOOK_MS = 60_000;
const LARGEST = 5;

interface Range {
  readonly git: RepositoryGit;
  readonly commit: string;
  readonly since: readonly string[];
}

/** Spares packing what cannot fit. @throws Refusal when it is by far too large. */
export async function checkSize(range: Range, limitBytes: number): Promise<void> {
  const stored = await storedBytes(range);
  if (stored !== undefined && stored > limitBytes * SURELY_TOO_LARGE) throw await tooLarge(range, limitBytes);
}

/** Says how large it is, and what makes it so. */
export async function tooLarge(range: Range, limitBytes: number): Promise<Refusal> {
  const {git, commit, since} = range;
  const [stored, commits, largest] = await Promise.all([
    storedBytes(range),
    git.ask(['rev-list', '--count', '--stdin'], {input: inputOf(commit, since), timeoutMs: LOOK_MS}),
    largestOf(range),
  ]);
  const size = stored === undefined ? '' : `: about ${megabytes(stored)} in ${commits ?? 'some'} commits`;
  const because = largest.length === 0 ? '' : ` The largest files: ${largest.join(', ')}.`;
  return cannotTravel(
    `what no remote has is more than the ${megabytes(limitBytes)} that may be sent${size}.${because} Push the commit, so that the worker can fetch it, or raise OPENCODE_DELEGATE_POOL_MB`,
  );
}

async function storedBytes({git, commit, since}: Range): Promise<number | undefined> {
  const input = inputOf(commit, since);
  const found = await git.ask(['rev-list', '--objects', '--disk-usage', '--stdin'], {
    input,
    timeoutMs: LOOK_MS,
  });
  return found === undefined ? undefined : Number(found);
}

async function largestOf({git, commit, since}: Range): Promise<readonly string[]> {
  const options = {encoding: 'latin1', timeoutMs: LOOK_MS} as const;
  const input = inputOf(commit, since);
  const objects = await git.ask(['rev-list', '--objects', '--stdin'], {...options, input});
  if (objects === undefined) return [];
  const args = ['cat-file', '--batch-check=%(objecttype) %(objectsize) %(rest)'];
  const listed = (await git.ask(args, {...options, input: `${objects}\n`})) ?? '';
  const files = listed.split('\n').flatMap((line) => {
    const [, size, path] = /^blob (\d+) (.*)$/.exec(line) ?? [];
    return path === undefined ? [] : [{size: Number(size), path}];
  });
  files.sort((a, b) => b.size - a.size);
  return files.slice(0, LARGEST).map(({size, path}) => `${named([path])} (${megabytes(size)})`);
}

function inputOf(commit: string, since: readonly string[]): string {
  return [commit, ...since.map((one) => `^${one}`), ''].join('\n');
}

/** As people say it: at least one digit that is not zero. */
export function megabytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const [amount, unit] = bytes < 1_000_000 ? [bytes / 1_000, 'kB'] : [bytes / 1_000_000, 'MB'];
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}
