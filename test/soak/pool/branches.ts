import {messageOf} from '../../../src/base/errors.ts';
import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import type {ClientMachine} from './client-machine.ts';
import type {PoolPiece} from './work.ts';
import type {PoolWorld} from './world.ts';

/** Looks whether each branch that came home has what it must. */
export function expectRightBranches({clients, work, findings}: PoolWorld): void {
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
function wrongOf(client: ClientMachine, {record, piece}: Done): string | undefined {
  const {worktree, state} = record;
  const isWhole = state.status === 'completed';
  if (worktree?.outcome?.is !== 'kept') {
    return isWhole && piece.files.length > 0 ? 'no branch came home' : undefined;
  }
  const {commit, notes} = worktree.outcome;
  if (commit === undefined) return `it could not be brought home: ${notes.join(' ')}`;
  try {
    return wrongFiles(client, {piece, commit, isWhole});
  } catch (error) {
    return messageOf(error);
  }
}

function wrongFiles(
  {repository, committed}: ClientMachine,
  {piece, commit, isWhole}: {piece: PoolPiece; commit: string; isWhole: boolean},
): string | undefined {
  const names = repository.git('ls-tree', '-r', '--name-only', '-z', commit).split('\0').filter(Boolean);
  const written = new Map(piece.files);
  const started = [...committed, ...Object.keys(piece.changes)];
  const odd = names.filter((name) => !started.includes(name) && !written.has(name));
  const missing = [...started, ...(isWhole ? written.keys() : [])].filter((name) => !names.includes(name));
  const wanted = new Map([...Object.entries(piece.changes), ...written]);
  const other = names.filter((name) => {
    const content = wanted.get(name);
    return content !== undefined && repository.git('show', `${commit}:${name}`) !== content.trimEnd();
  });
  if (odd.length + missing.length + other.length === 0) return undefined;
  return `too much: ${odd.join(', ')}; missing: ${missing.join(', ')}; of other content: ${other.join(', ')}`;
}
