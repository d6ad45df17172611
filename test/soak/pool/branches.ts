import {messageOf} from '../../../src/base/errors.ts';
import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import {blobOf} from '../../support/pool-fleet.ts';
import type {Repository} from '../../support/repository.ts';
import type {ClientMachine} from './client-machine.ts';
import {leftAt} from './continued.ts';
import type {PoolPiece} from './work.ts';
import type {PoolWorld} from './world.ts';

/** A machine that branches came home to. */
interface Home extends Pick<ClientMachine, 'base' | 'repository'> {
  readonly records: Pick<ClientMachine['records'], 'of' | 'ended'>;
}

/** Looks whether each branch that came home begins where it must, and has what it must. */
export function expectRightBranches({
  clients,
  work,
  findings,
}: Pick<PoolWorld, 'work' | 'findings'> & {readonly clients: readonly Home[]}): void {
  for (const client of clients) {
    for (const record of client.records.ended) {
      const piece = work.of(record.prompt);
      if (piece === undefined) continue;
      const wrong = wrongOf(client, {record, piece});
      if (wrong !== undefined) findings.broken('branch', record.id, `${record.state.status}: ${wrong}`);
    }
  }
}

interface Done {
  readonly record: Delegation;
  readonly piece: PoolPiece;
}

/** What is wrong with its branch. */
function wrongOf(client: Home, {record, piece}: Done): string | undefined {
  const {worktree, state, continues} = record;
  const isWhole = state.status === 'completed';
  if (continues?.id !== piece.continues)
    return `it goes on with ${continues?.id}, not with ${piece.continues}`;
  const start = continues === undefined ? client.base : leftAt(client.records.of(continues.id) ?? record);
  if (continues !== undefined && worktree?.since !== start)
    return `it begins at ${worktree?.since}, and ${continues.id} was left at ${start}`;
  if (worktree?.outcome?.is !== 'kept') {
    return isWhole && piece.files.length > 0 ? 'no branch came home' : undefined;
  }
  const {commit, notes} = worktree.outcome;
  if (commit === undefined) return `it could not be brought home: ${notes.join(' ')}`;
  try {
    const {repository} = client;
    const tip = repository.git('rev-parse', `refs/heads/${worktree.branch}`);
    if (tip !== commit) return `the branch ${worktree.branch} is at ${tip}, and it was left at ${commit}`;
    repository.git('merge-base', '--is-ancestor', start ?? '', commit);
    return wrongFiles(repository, {piece, start: start ?? '', commit, isWhole});
  } catch (error) {
    return messageOf(error);
  }
}

interface Work {
  readonly piece: PoolPiece;
  readonly start: string;
  readonly commit: string;
  readonly isWhole: boolean;
}

function wrongFiles(repository: Repository, {piece, start, commit, isWhole}: Work): string | undefined {
  const there = treeOf(repository, commit);
  const started = new Map([...treeOf(repository, start), ...blobsOf(Object.entries(piece.changes))]);
  const written = blobsOf(piece.files);
  const wanted = new Map([...started, ...written]);
  const names = [...there.keys()];
  const odd = names.filter((name) => !wanted.has(name));
  const other = names.filter((name) => wanted.has(name) && wanted.get(name) !== there.get(name));
  const missing = [...(isWhole ? wanted : started).keys()].filter((name) => !there.has(name));
  if (odd.length + missing.length + other.length === 0) return undefined;
  return `too much: ${odd.join(', ')}; missing: ${missing.join(', ')}; of other content: ${other.join(', ')}`;
}

function blobsOf(files: readonly (readonly [name: string, content: string])[]): ReadonlyMap<string, string> {
  return new Map(files.map(([name, content]) => [name, blobOf(content)]));
}

/** The files of a commit, each with the name that git has for its content. */
function treeOf(repository: Repository, commit: string): ReadonlyMap<string, string> {
  const lines = repository.git('ls-tree', '-r', '-z', commit).split('\0').filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [about = '', name = ''] = line.split('\t');
      return [name, about.split(' ').at(-1) ?? ''];
    }),
  );
}
