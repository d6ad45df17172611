import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, expect, it, onTestFinished} from 'vitest';
import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import {aDelegation, anEnd, aWorktree} from '../../support/fakes.ts';
import {Repository} from '../../support/repository.ts';
import {Findings} from '../findings.ts';
import {Random} from '../random.ts';
import {expectRightBranches} from './branches.ts';
import {type PoolPiece, PoolWork} from './work.ts';

const [FIRST, SECOND] = ['swift-amber-otter', 'calm-blue-fox'] as const;

let findings: Findings;
let work: PoolWork;
let repository: Repository;
let base: string;
let records: Delegation[];

beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), 'soak-'));
  onTestFinished(() => rmSync(home, {recursive: true}));
  findings = new Findings({seed: 1, tell: () => {}});
  work = new PoolWork(findings);
  repository = Repository.create(join(home, 'shop'), {home, files: {'a.txt': 'a\n'}});
  base = repository.git('rev-parse', 'HEAD');
  records = [];
});

/** One that has a file to write. */
function aPiece(): PoolPiece {
  const random = new Random(work.pieces.length + 1);
  for (;;) {
    const piece = work.invent(random);
    if (piece.files.length > 0) return piece;
  }
}

/** A record of a piece that has completed, on a branch with these files on top of what it started from. */
function completed(
  id: string,
  piece: PoolPiece,
  {from, since = from, files = piece.files}: {from: string; since?: string; files?: PoolPiece['files']},
): string {
  const branch = `delegation/${id}`;
  repository.git('checkout', '--quiet', '-B', branch, from);
  repository.write(Object.fromEntries(files));
  const commit = repository.commit(id);
  records.push(
    aDelegation({
      ...{id, prompt: piece.prompt, state: anEnd({status: 'completed'})},
      ...(piece.continues !== undefined && {continues: {id: piece.continues, sessionId: 'ses_1'}}),
      worktree: aWorktree({
        ...{branch, base, outcome: {is: 'kept', commit, diffstat: '', notes: []}},
        ...(piece.continues !== undefined && {since}),
      }),
    }),
  );
  return commit;
}

function broken(): readonly string[] {
  const of = (id: string) => records.find((record) => record.id === id);
  expectRightBranches({clients: [{base, repository, records: {of, ended: records}}], work, findings});
  return findings.all.map(({invariant, what}) => `${invariant} ${what}`);
}

/** One that goes on with the first. */
function aNextPiece(): PoolPiece {
  const piece = aPiece();
  piece.continues = FIRST;
  return piece;
}

it('finds nothing where each branch has what was written, and one that goes on has that of both', () => {
  const tip = completed(FIRST, aPiece(), {from: base});
  completed(SECOND, aNextPiece(), {from: tip});
  expect(broken()).toEqual([]);
});

it('finds what is missing, too much, or otherwise', () => {
  completed(FIRST, aPiece(), {from: base, files: [['other.txt', 'x\n']]});
  expect(broken()).toEqual([expect.stringMatching(/^branch .*too much: other\.txt; missing: pool-\d+\/0/)]);
});

it('finds one that goes on from elsewhere than the last one was left at', () => {
  completed(FIRST, aPiece(), {from: base});
  completed(SECOND, aNextPiece(), {from: base});
  expect(broken()).toEqual([expect.stringContaining(`it begins at ${base}, and ${FIRST} was left at`)]);
});

it('finds one that says that it goes on from there, and does not', () => {
  const tip = completed(FIRST, aPiece(), {from: base});
  completed(SECOND, aNextPiece(), {from: base, since: tip});
  expect(broken()).toEqual([expect.stringContaining('branch calm-blue-fox')]);
});

it('finds one that goes on with another than it was to', () => {
  completed(FIRST, aPiece(), {from: base});
  const piece = aPiece();
  completed(SECOND, piece, {from: base});
  piece.continues = FIRST;
  expect(broken()).toEqual([expect.stringContaining(`it goes on with undefined, not with ${FIRST}`)]);
});
