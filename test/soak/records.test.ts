import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, expect, it, onTestFinished} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {renderRecord} from '../../src/store/record/record.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';
import {Findings} from './findings.ts';
import {Random} from './random.ts';
import {Records} from './records.ts';
import {type Piece, Work} from './work.ts';

let findings: Findings;
let records: Records;
let piece: Piece;
let file: string;

beforeEach(() => {
  const dataDir = mkdtempSync(join(tmpdir(), 'soak-'));
  onTestFinished(() => rmSync(dataDir, {recursive: true}));
  mkdirSync(join(dataDir, 'project'));
  findings = new Findings({seed: 1, tell: () => {}});
  const work = new Work(findings);
  piece = work.invent(new Random(1));
  records = new Records({dataDir, findings, work});
  file = join(dataDir, 'project', `${aDelegation().id}.md`);
});

/** Looks at a record that is written like this. */
function look(given: Partial<Delegation>): readonly string[] {
  writeFileSync(file, renderRecord(aDelegation({prompt: piece.prompt, ...given})));
  records.look();
  return findings.all.map(({invariant}) => invariant);
}

it('finds nothing where the answer is that of the prompt, and is read', () => {
  const end = {state: anEnd({status: 'completed'}), text: piece.answer};
  expect(look(end)).toEqual([]);
  expect(look({...end, title: 'A better one', readAt: Date.now()})).toEqual([]);
});

it('finds an answer that is not that of the prompt', () => {
  expect(look({state: anEnd({status: 'completed'}), text: `${piece.answer} And more.`})).toEqual(['wrong']);
});

it('finds an end that becomes another one, or none', () => {
  look({state: anEnd({status: 'interrupted', error: 'It is gone.'})});
  expect(look({state: anEnd({status: 'completed'}), text: piece.answer})).toEqual(['changed']);
});

it('finds nothing where a late answer is added below', () => {
  const gone = {state: anEnd({status: 'interrupted', error: 'It is gone.'}), text: 'Half of it.'};
  look(gone);
  const late = '(Came too late at 2026-11-30T20:00:00.000Z, as completed: it is no end.)';
  expect(look({...gone, text: `${gone.text}\n\n${late}\n\nAll of it.`})).toEqual([]);
  expect(look({...gone, text: `Less of it.\n\n${late}\n\nAll of it.`})).toEqual(['changed']);
});

it('finds a record that is gone', () => {
  look({state: anEnd({status: 'interrupted', error: 'It is gone.'})});
  rmSync(file);
  records.look();
  expect(findings.all).toMatchObject([{invariant: 'lost'}]);
});
