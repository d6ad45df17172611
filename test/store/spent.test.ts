import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {NO_STATS, NO_USAGE, type State} from '../../src/delegation/model/delegation.ts';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';

const HOUR = 60 * 60_000;
const IDS = ['swift-amber-otter', 'calm-blue-heron', 'brave-red-fox'] as const;

let root: string;
let store: MarkdownStore;
/** Another process's view of the same folder. */
let other: MarkdownStore;
const now = Date.now();
const from = now - HOUR;
const none = () => false;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opencode-delegate-spent-'));
  store = new MarkdownStore({root, log: new FakeLog()});
  other = new MarkdownStore({root, log: new FakeLog()});
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

const usage = (cost: number) => ({...NO_USAGE, cost});
const ended = (cost: number, endedAt = now): State =>
  anEnd({startedAt: endedAt - 1, endedAt, work: {...NO_STATS, usage: usage(cost)}});
const running = (cost: number): State => ({status: 'running', startedAt: now, usage: usage(cost)});

async function record(n: 0 | 1 | 2, project: string, ...states: readonly State[]): Promise<void> {
  const delegation = aDelegation({id: IDS[n], project});
  await store.create(delegation);
  for (const state of states) await store.write({...delegation, state});
}

describe('what was spent', () => {
  it('is the sum over all projects of what ended since then and of what runs, for every process', async () => {
    await record(0, 'one', running(0.1), ended(0.5));
    await record(1, 'two', ended(0.25));
    await record(2, 'two', running(0.125));
    for (const one of [store, other, other]) expect(await one.spentSince(from, none)).toBeCloseTo(0.875);
    expect(await other.spentSince(from, ({project}) => project === 'two')).toBeCloseTo(0.5);
  });

  it('leaves out what ended before, also by an hour of the same day', async () => {
    await record(0, 'one', ended(0.5, from - 1));
    await record(1, 'one', ended(0.25, from));
    expect(await other.spentSince(from, none)).toBeCloseTo(0.25);
  });

  it('is found by the marks of the day, and no other record is read', async () => {
    await record(0, 'one', ended(0.5));
    const others = Array.from(
      {length: 50},
      (_, n) => `old-old-${String.fromCharCode(97 + (n % 26))}${n > 25 ? 'b' : ''}`,
    );
    for (const id of others)
      await store.write(aDelegation({id, project: 'one', state: ended(7, now - 5 * 24 * HOUR)}));
    const days = readdirSync(join(root, '.spent'));
    expect(days).toHaveLength(1);
    expect(readdirSync(join(root, '.spent', days[0] ?? ''))).toEqual([`${IDS[0]}@one`]);
    expect(await other.spentSince(from, none)).toBeCloseTo(0.5);
  });

  it('goes by the record where a mark stands for none, or for one that has not ended', async () => {
    await record(0, 'one', ended(0.5));
    await record(1, 'one', running(0.25));
    const [day = ''] = readdirSync(join(root, '.spent'));
    rmSync(store.artifact('one', IDS[0]));
    mkdirSync(join(root, '.spent', day, `${IDS[1]}@one`));
    expect(await other.spentSince(from, none)).toBeCloseTo(0.25);
  });

  it('goes on to count where the records are removed with their project, at any moment of that', async () => {
    await record(0, 'one', ended(0.5));
    await record(1, 'one', running(0.25));
    await record(2, 'two', ended(0.125));
    await store.removeProject('one');
    await store.removeProject('one');
    for (const one of [store, other]) expect(await one.spentSince(from, none)).toBeCloseTo(0.875);
    expect(await other.spentSince(from, ({project}) => project === 'one')).toBeCloseTo(0.125);
  });

  it('is nothing where nobody has delegated', async () => {
    expect(await other.spentSince(from, none)).toBe(0);
  });

  it('keeps no marks of days that nobody asks for', async () => {
    mkdirSync(join(root, '.spent', '2020-01-01'), {recursive: true});
    await record(0, 'one', ended(0.5));
    await store.tidy();
    expect(existsSync(join(root, '.spent', '2020-01-01'))).toBe(false);
    expect(await other.spentSince(from, none)).toBeCloseTo(0.5);
  });
});
