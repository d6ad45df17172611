import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, it, test, vi} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import type {Delegations} from '../../src/delegation/delegations.ts';
import type {AskContent, AskPolicy} from '../../src/delegation/model/ask.ts';
import {
  type Delegation,
  hasEnded,
  MAX_TIMEOUT_MINUTES,
  NO_STATS,
} from '../../src/delegation/model/delegation.ts';
import {listingOf} from '../../src/delegation/model/listing.ts';
import type {Environment} from '../../src/delegation/model/ports.ts';
import type {NotKnown} from '../../src/delegation/model/run.ts';
import type {DelegationView} from '../../src/delegation/model/view.ts';
import type {DelegateInput} from '../../src/delegation/submit/input.ts';
import {MAX_PROMPT_CHARS} from '../../src/delegation/submit/input.ts';
import {MAX_OPEN} from '../../src/delegation/submit/register.ts';
import {identityOf} from '../../src/process/identity.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {
  aDelegation,
  anEnd,
  DEAD_PID,
  ELSEWHERE,
  type FakeCatalog,
  type FakeHeadlines,
  type FakeLog,
  type FakeRun,
  type FakeRunner,
  type FakeStore,
  Gate,
  GONE,
  HERE,
  SOME_WORK,
} from '../support/fakes.ts';

const MINUTE = 60_000;
const PROJECT = 'project';

let directory: string;
let catalog: FakeCatalog;
let runner: FakeRunner;
let store: FakeStore;
let headlines: FakeHeadlines;
let log: FakeLog;
let delegations: Delegations;
let environment: Environment;

const REJECT: AskPolicy = {on: 'reject'};

interface Start {
  readonly concurrency?: number;
  readonly asking?: AskPolicy;
  readonly uptime?: () => number;
}

function start({concurrency = 8, asking = REJECT, uptime = Date.now}: Start = {}): void {
  ({catalog, runner, store, headlines, log, delegations, environment} = fakeDelegations({
    ...{concurrency, uptime},
    environment: {asking},
  }));
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opencode-delegate-domain-'));
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
  start();
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, {recursive: true, force: true});
});

/** Lets everything happen that needs no time. */
const settled = () => vi.advanceTimersByTimeAsync(0);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function aRequest(prompt: string, given: Partial<DelegateInput> = {}): DelegateInput {
  const client = {name: 'c', version: '1'};
  return {project: PROJECT, environment, directory, prompt, timeoutMinutes: 15, client, ...given};
}

async function delegate(prompt: string, given: Partial<DelegateInput> = {}): Promise<DelegationView> {
  const view = await delegations.delegate(aRequest(prompt, given));
  await settled();
  return view;
}

/** Delegates each prompt in turn. Returns their ids. */
async function delegateAll(...prompts: string[]): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const prompt of prompts) ids[prompt] = (await delegate(prompt)).delegation.id;
  return ids;
}

async function idOf(prompt: string, given: Partial<DelegateInput> = {}): Promise<string> {
  return (await delegate(prompt, given)).delegation.id;
}

async function recordOf(id = ''): Promise<Delegation> {
  return (await delegations.get(PROJECT, id)).delegation;
}

async function statusOf(id = ''): Promise<string> {
  return (await recordOf(id)).state.status;
}

/** What a promise has come to by now, without waiting for it. */
function watched<T>(promise: Promise<T>): {value: T | undefined; isSettled: boolean} {
  const seen: {value: T | undefined; isSettled: boolean} = {value: undefined, isSettled: false};
  promise.then(
    (value) => Object.assign(seen, {value, isSettled: true}),
    () => Object.assign(seen, {isSettled: true}),
  );
  return seen;
}

describe('delegating', () => {
  it('stores the record before it answers, and starts at once when there is a slot', async () => {
    const {delegation} = await delegate('Look at it. Then more.', {agent: 'plan', model: 'a/b'});
    expect(delegation).toMatchObject({
      project: PROJECT,
      directory,
      agent: 'plan',
      model: 'a/b',
      title: 'Look at it',
      summary: '',
      prompt: 'Look at it. Then more.',
      owner: HERE,
      timeoutMs: 15 * MINUTE,
    });
    expect(store.asked[0]).toBe(`create ${delegation.id} registered`);
    expect(runner.runs[0]?.request).toMatchObject({
      delegationId: delegation.id,
      directory,
      agent: 'plan',
      model: 'a/b',
      prompt: 'Look at it. Then more.',
      deadline: Date.now() + 15 * MINUTE,
    });
    expect(await statusOf(delegation.id)).toBe('running');
  });

  it('sends nothing to OpenCode while the record is not on disk', async () => {
    store.createGate.hold();
    const view = watched(delegations.delegate({...aRequest('p'), prompt: 'a'}));
    await vi.waitUntil(() => store.asked.length > 0);
    await settled();
    expect(runner.runs).toHaveLength(0);
    expect(view.isSettled).toBe(false);
    store.createGate.release();
    await settled();
    expect(runner.prompts).toEqual(['a']);
    expect(view.isSettled).toBe(true);
  });

  it('tries another id where one is taken', async () => {
    store.taken = 3;
    const id = await idOf('a');
    const tried = store.asked.filter((line) => line.startsWith('create'));
    expect(new Set(tried).size).toBe(4);
    expect(tried.at(-1)).toBe(`create ${id} registered`);
    expect(store.size).toBe(1);
  });

  it('is refused, and starts nothing, where the record cannot be stored', async () => {
    store.createError = new Error('ENOSPC: no space left on device');
    const refused = delegate('a');
    await expect(refused).rejects.toThrow(Refusal);
    await expect(refused).rejects.toThrow(/could not be stored.*ENOSPC.*OPENCODE_DELEGATE_DATA_DIR/);
    expect(runner.runs).toHaveLength(0);
    expect(delegations.active).toBe(0);
  });

  it('keeps the id of the session as soon as OpenCode has opened it', async () => {
    const id = await idOf('a');
    await runner.of('a').observer.sessionOpened('ses_9');
    await settled();
    expect(store.stored(id)?.state).toEqual({status: 'running', startedAt: Date.now(), sessionId: 'ses_9'});
  });

  it('is on disk as one that has not begun until its session is open: only then could anything be sent', async () => {
    const id = await idOf('a');
    await settled();
    expect(store.stored(id)?.state.status).toBe('registered');
  });

  it('makes the runner wait until it is on disk that the delegation runs', async () => {
    store.writeGate.hold();
    await delegate('a');
    const opened = watched(runner.of('a').observer.sessionOpened('ses_9'));
    await settled();
    expect(opened.isSettled).toBe(false);
    store.writeGate.release();
    await settled();
    expect(opened.isSettled).toBe(true);
  });
});

describe('a request that cannot be', () => {
  const file = () => join(directory, 'file.txt');

  test.each<[string, () => Partial<DelegateInput>, RegExp]>([
    ['an empty prompt', () => ({prompt: ''}), /prompt is empty/],
    ['a blank prompt', () => ({prompt: ' \n\t '}), /prompt is empty/],
    ['a prompt that is too long', () => ({prompt: 'x'.repeat(MAX_PROMPT_CHARS + 1)}), /200,001.*200,000/],
    ['a timeout of zero', () => ({timeoutMinutes: 0}), /timeout of 0 minutes.*24 hours/],
    ['a negative timeout', () => ({timeoutMinutes: -1}), /timeout of -1 minutes/],
    ['a timeout that is no number', () => ({timeoutMinutes: Number.NaN}), /timeout of NaN minutes/],
    ['a timeout without end', () => ({timeoutMinutes: Number.POSITIVE_INFINITY}), /timeout of Infinity/],
    ['more than 24 hours', () => ({timeoutMinutes: MAX_TIMEOUT_MINUTES + 0.01}), /at most 1,440/],
    ['a relative directory', () => ({directory: 'src'}), /"src" is relative.*absolute path/],
    ['an empty directory', () => ({directory: ''}), /is relative/],
    ['a directory that is missing', () => ({directory: join(directory, 'gone')}), /does not exist/],
    ['a directory below a file', () => ({directory: join(file(), 'x')}), /does not exist/],
    ['a file as the directory', () => ({directory: file()}), /is a file, not a directory/],
  ])('because of %s is refused, and nothing is stored or started', async (_, given, words) => {
    writeFileSync(file(), '');
    const refused = delegate('a', given());
    await expect(refused).rejects.toThrow(Refusal);
    await expect(refused).rejects.toThrow(words);
    expect(store.asked).toEqual([]);
    expect(catalog.requests).toEqual([]);
    expect(runner.runs).toEqual([]);
  });

  it('because the catalog refuses it says so, and nothing is stored or started', async () => {
    catalog.refusal = new Refusal('There is no agent "x". There are build and plan.');
    await expect(delegate('a', {agent: 'x'})).rejects.toThrow('There are build and plan.');
    expect(store.asked).toEqual([]);
    expect(runner.runs).toEqual([]);
  });

  it('is not one with the longest prompt and the longest timeout', async () => {
    const {delegation} = await delegate('x'.repeat(MAX_PROMPT_CHARS), {timeoutMinutes: MAX_TIMEOUT_MINUTES});
    expect(delegation.timeoutMs).toBe(24 * 60 * MINUTE);
  });

  it('is not one with a fraction of a minute', async () => {
    expect((await delegate('a', {timeoutMinutes: 0.5})).delegation.timeoutMs).toBe(30_000);
  });
});

describe('the queue', () => {
  it('starts delegations in the order in which they came, as many at once as there are slots', async () => {
    start({concurrency: 2});
    await delegateAll('a', 'b', 'c', 'd');
    expect(runner.prompts).toEqual(['a', 'b']);
    runner.of('b').complete('done');
    await settled();
    expect(runner.prompts).toEqual(['a', 'b', 'c']);
    runner.of('a').complete('done');
    await settled();
    expect(runner.prompts).toEqual(['a', 'b', 'c', 'd']);
  });

  it('tells each its place, which moves up', async () => {
    start({concurrency: 1});
    const {a, b, c, d} = await delegateAll('a', 'b', 'c', 'd');
    const placeOf = async (id = '') => (await delegations.get(PROJECT, id)).waiting?.place;
    expect([await placeOf(a), await placeOf(b), await placeOf(c), await placeOf(d)]).toEqual([
      undefined,
      1,
      2,
      3,
    ]);
    await delegations.cancel(PROJECT, c ?? '');
    expect([await placeOf(b), await placeOf(d)]).toEqual([1, 2]);
    runner.of('a').complete('done');
    await settled();
    expect([await placeOf(b), await placeOf(d)]).toEqual([undefined, 1]);
  });

  it('tells a place as soon as the delegation is made', async () => {
    start({concurrency: 1});
    await delegate('a');
    expect(await delegate('b')).toMatchObject({waiting: {place: 1}, delegation: {state: {status: 'queued'}}});
  });

  it('never starts what was cancelled in it', async () => {
    start({concurrency: 1});
    const {b} = await delegateAll('a', 'b', 'c');
    const {delegation, wasEnded} = await delegations.cancel(PROJECT, b ?? '');
    expect(wasEnded).toBe(false);
    expect(delegation.state).toMatchObject({
      status: 'cancelled',
      error: expect.stringContaining('not started'),
    });
    expect(delegation.state).not.toHaveProperty('startedAt');
    runner.of('a').complete('done');
    await settled();
    expect(runner.prompts).toEqual(['a', 'c']);
  });

  it('never starts what is being cancelled, also when a slot is free before that end is written', async () => {
    start({concurrency: 1});
    const {b} = await delegateAll('a', 'b');
    runner.of('a').stopGate.hold();
    runner.of('a').complete('done');
    await settled();
    store.writeGate.hold();
    const cancelled = delegations.cancel(PROJECT, b ?? '');
    await settled();
    runner.of('a').stopGate.release();
    await settled();
    expect(runner.prompts).toEqual(['a']);
    store.writeGate.release();
    expect((await cancelled).delegation.state.status).toBe('cancelled');
    await settled();
    expect(runner.prompts).toEqual(['a']);
  });

  it('frees a slot only when the session has really stopped', async () => {
    start({concurrency: 1});
    runner.onStart((run) => run.stopGate.hold());
    const {a, b} = await delegateAll('a', 'b');
    runner.of('a').complete('done');
    await settled();
    expect(await statusOf(a)).toBe('completed');
    expect(runner.prompts).toEqual(['a']);
    expect(await delegations.get(PROJECT, b ?? '')).toMatchObject({waiting: {place: 1}});
    runner.of('a').stopGate.release();
    await settled();
    expect(runner.prompts).toEqual(['a', 'b']);
  });

  it('goes on after a fault of the runner, which the delegation then names', async () => {
    start({concurrency: 1});
    runner.fault = new Error('oops');
    const a = await idOf('a');
    expect((await recordOf(a)).state).toMatchObject({
      status: 'error',
      error: expect.stringContaining('oops'),
    });
    runner.fault = undefined;
    await delegate('b');
    expect(runner.prompts).toEqual(['b']);
  });

  it('knows how many are active', async () => {
    start({concurrency: 1});
    await delegateAll('a', 'b');
    expect(delegations.active).toBe(2);
    runner.of('a').complete('done');
    await settled();
    expect(delegations.active).toBe(1);
  });
});

describe('a server that goes away before anything is sent to the model', () => {
  it('is no end: the delegation is begun in the next one, in the time and the slot that it has', async () => {
    start({concurrency: 1});
    const {a} = await delegateAll('a', 'b');
    await runner.of('a').observer.sessionOpened('ses_1');
    runner.of('a').settle({outcome: 'nothing sent', why: 'The server went away.'});
    await settled();
    expect(runner.prompts).toEqual(['a', 'a']);
    expect(runner.runs[0]?.hasStopped).toBe(true);
    await runner.runs[1]?.observer.sessionOpened('ses_2');
    expect(store.stored(a ?? '')?.state).toMatchObject({status: 'running', sessionId: 'ses_2'});
    runner.runs[1]?.complete('done');
    await settled();
    expect(await recordOf(a)).toMatchObject({text: 'done', state: {status: 'completed', sessionId: 'ses_2'}});
  });

  it('is its end after six times', async () => {
    runner.onStart((run) => run.settle({outcome: 'nothing sent', why: 'The server went away.'}));
    const id = await idOf('a');
    await settled();
    expect(runner.runs).toHaveLength(6);
    expect((await recordOf(id)).state).toMatchObject({
      status: 'interrupted',
      error: 'The server went away. Nothing had been sent to the model, 6 times in a row. Delegate it again.',
    });
  });

  it('does not begin again what is cancelled meanwhile', async () => {
    const id = await idOf('a');
    const run = runner.of('a');
    run.stopGate.hold();
    run.settle({outcome: 'nothing sent', why: 'The server went away.'});
    await settled();
    const cancelled = delegations.cancel(PROJECT, id);
    run.stopGate.release();
    expect((await cancelled).delegation.state.status).toBe('cancelled');
    await settled();
    expect(runner.runs.filter(({hasStopped}) => !hasStopped)).toEqual([]);
  });
});

describe('a timeout', () => {
  it('ends what has run for its time, with the text that it had', async () => {
    const id = await idOf('a', {timeoutMinutes: 2});
    runner.of('a').produce('half of it', SOME_WORK);
    await pass(2 * MINUTE - 1);
    expect(await statusOf(id)).toBe('running');
    await pass(1);
    expect(await recordOf(id)).toMatchObject({
      text: 'half of it',
      state: {status: 'timeout', work: SOME_WORK, error: expect.stringContaining('2 minutes')},
    });
  });

  it('says what kept the agent from getting on', async () => {
    const id = await idOf('a', {timeoutMinutes: 1});
    runner.of('a').trouble = 'The provider said: slow down.';
    await pass(MINUTE);
    expect((await recordOf(id)).state).toMatchObject({
      status: 'timeout',
      error: expect.stringContaining('The provider said: slow down.'),
    });
  });

  it('counts running time only, and frees the slot for the next, which has its whole time', async () => {
    start({concurrency: 1});
    const a = await idOf('a', {timeoutMinutes: 10});
    const b = await idOf('b', {timeoutMinutes: 5});
    await pass(10 * MINUTE);
    expect(await statusOf(a)).toBe('timeout');
    expect(await statusOf(b)).toBe('running');
    expect(runner.of('b').request.deadline).toBe(Date.now() + 5 * MINUTE);
    await pass(5 * MINUTE - 1);
    expect(await statusOf(b)).toBe('running');
    await pass(1);
    expect(await statusOf(b)).toBe('timeout');
  });

  it('reads what there is before it stops anything', async () => {
    await delegate('a', {timeoutMinutes: 1});
    runner.of('a').snapshotGate.hold();
    await pass(MINUTE);
    expect(runner.of('a').asked).toEqual(['snapshot']);
    runner.of('a').snapshotGate.release();
    await settled();
    expect(runner.of('a').asked).toEqual(['snapshot', 'stop']);
  });

  it('is not overwritten by a late completion', async () => {
    const id = await idOf('a', {timeoutMinutes: 1});
    runner.of('a').produce('half');
    await pass(MINUTE);
    const before = store.asked.length;
    runner.of('a').complete('whole');
    await settled();
    expect(await recordOf(id)).toMatchObject({text: 'half', state: {status: 'timeout'}});
    expect(store.asked.slice(before).filter((line) => line.startsWith('write'))).toEqual([]);
  });

  it('does not overwrite a completion that is being stored', async () => {
    const id = await idOf('a', {timeoutMinutes: 1});
    store.writeGate.hold();
    await pass(MINUTE - 1);
    runner.of('a').complete('whole');
    await pass(MINUTE);
    store.writeGate.release();
    await settled();
    expect(await recordOf(id)).toMatchObject({text: 'whole', state: {status: 'completed'}});
    expect(store.stored(id)?.state.status).toBe('completed');
  });

  it('loses to a completion that comes while what there is is being read', async () => {
    const id = await idOf('a', {timeoutMinutes: 1});
    runner.of('a').snapshotGate.hold();
    await pass(MINUTE);
    runner.of('a').complete('whole');
    await settled();
    runner.of('a').snapshotGate.release();
    await settled();
    expect(await recordOf(id)).toMatchObject({text: 'whole', state: {status: 'completed'}});
  });

  it('leaves no timer behind when the delegation ends before it', async () => {
    await delegate('a');
    runner.of('a').complete('done');
    await settled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a cancel', () => {
  it('of a running delegation reads what there is before it stops anything, and keeps it', async () => {
    const id = await idOf('a');
    runner.of('a').produce('half', SOME_WORK);
    const {delegation, wasEnded} = await delegations.cancel(PROJECT, id);
    expect(wasEnded).toBe(false);
    expect(delegation).toMatchObject({text: 'half', state: {status: 'cancelled', work: SOME_WORK}});
    await settled();
    expect(runner.of('a').asked).toEqual(['snapshot', 'stop']);
    expect(await delegations.unread(PROJECT)).toEqual([id]);
  });

  it('that found no text leaves nothing to read', async () => {
    const id = await idOf('a');
    const {delegation} = await delegations.cancel(PROJECT, id);
    expect(delegation.readAt).toBe(Date.now());
    expect(await delegations.unread(PROJECT)).toEqual([]);
  });

  it('of an ended delegation changes nothing and says so', async () => {
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    const before = await recordOf(id);
    expect(await delegations.cancel(PROJECT, id)).toEqual({delegation: before, wasEnded: true});
    expect(store.stored(id)).toEqual(before);
  });

  it('gives the end that came first when the delegation completes meanwhile', async () => {
    const id = await idOf('a');
    runner.of('a').snapshotGate.hold();
    const cancelled = delegations.cancel(PROJECT, id);
    await settled();
    runner.of('a').complete('whole');
    await settled();
    runner.of('a').snapshotGate.release();
    expect(await cancelled).toMatchObject({
      wasEnded: false,
      delegation: {text: 'whole', state: {status: 'completed'}},
    });
  });

  it('that is asked for twice gives the same end twice', async () => {
    const id = await idOf('a');
    runner.of('a').produce('half');
    const [first, second] = await Promise.all([
      delegations.cancel(PROJECT, id),
      delegations.cancel(PROJECT, id),
    ]);
    expect(first.delegation).toEqual(second.delegation);
    expect(runner.of('a').asked).toEqual(['snapshot', 'stop']);
  });

  it('of what another process runs is done by that process, which sees the word that is left for it', async () => {
    const owner = {pid: 1, hostname: HERE.hostname, environment: ''};
    const foreign = aDelegation({owner, state: {status: 'running', startedAt: Date.now()}});
    store.put(foreign);
    const cancelled = watched(delegations.cancel(PROJECT, foreign.id));
    await pass(500);
    expect(await store.cancels()).toMatchObject([{id: foreign.id, project: PROJECT}]);
    store.put({...foreign, text: 'half', state: anEnd({status: 'cancelled'})});
    await pass(500);
    expect(cancelled.value).toMatchObject({wasEnded: false, delegation: {text: 'half'}});
    expect(await store.cancels()).toEqual([]);
  });

  it('is seen within a second where another process has left word for it', async () => {
    const {a} = await delegateAll('a', 'b');
    await store.askToCancel({project: PROJECT, id: a ?? ''});
    await pass(1_000);
    expect(await statusOf(a)).toBe('cancelled');
    expect(await store.cancels()).toEqual([]);
    runner.of('b').complete('done');
    await settled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of what a living process runs that does not react is refused, and says what to do', async () => {
    const parent = {...identityOf(process.ppid), environment: ''};
    store.put(aDelegation({owner: parent, state: {status: 'running', startedAt: Date.now()}}));
    const refused = expect(delegations.cancel(PROJECT, 'swift-amber-otter')).rejects.toThrow(
      `is run by process ${process.ppid}, which was asked to cancel it and has not done so within 8 s. Cancel it again, or end that process: kill ${process.ppid}.`,
    );
    await pass(8_000);
    await refused;
    expect(store.stored('swift-amber-otter')?.state.status).toBe('running');
  });

  it.each(['running', 'queued'] as const)(
    'of what is %s in a process that nobody can reach is its end here',
    async (status) => {
      const owner = {...HERE, boot: 'another', hostname: 'another'};
      const state = status === 'running' ? {status, startedAt: Date.now()} : {status};
      store.put(aDelegation({owner, createdAt: Date.now(), state}));
      runner.lostRunEnd = {outcome: 'interrupted', product: {text: 'half', work: NO_STATS}, error: 'gone'};
      const cancelled = watched(delegations.cancel(PROJECT, 'swift-amber-otter'));
      await pass(8_500);
      expect(cancelled.value?.delegation.state.status).toBe('cancelled');
      expect(store.stored('swift-amber-otter')).toMatchObject({state: {status: 'cancelled'}});
      // Should it be there after all, it stops when it sees this.
      expect(await store.cancels()).toHaveLength(1);
    },
  );
});

describe('any race of ends', () => {
  it('has one winner, which every reader and the disk agree on for ever', async () => {
    const happening = fc.constantFrom('complete', 'fail', 'cancel', 'timeout', 'read', 'release');
    await fc.assert(
      fc.asyncProperty(fc.array(happening, {minLength: 1, maxLength: 6}), async (happenings) => {
        start();
        const id = await idOf('a', {timeoutMinutes: 1});
        const run = runner.of('a');
        run.produce('half');
        run.snapshotGate.hold();
        store.writeGate.hold();
        const told: Promise<unknown>[] = [];
        for (const what of happenings) {
          if (what === 'complete') run.complete('whole');
          if (what === 'fail') run.fail('It broke.', 'broken');
          if (what === 'cancel')
            told.push(delegations.cancel(PROJECT, id).then(({delegation}) => delegation));
          if (what === 'timeout') await pass(MINUTE);
          if (what === 'release') run.snapshotGate.release();
          if (what === 'read') expect(['running', 'completed']).toContain(await statusOf(id));
          await settled();
          expect(await statusOf(id)).toBe('running');
        }
        run.snapshotGate.release();
        store.writeGate.release();
        await settled();
        run.complete('too late');
        await pass(2 * MINUTE);
        const end = await recordOf(id);
        expect(hasEnded(end.state)).toBe(true);
        expect(store.stored(id)).toEqual(end);
        for (const delegation of await Promise.all(told)) expect(delegation).toEqual(end);
        const ends = store.asked.filter((line) => line.startsWith('write') && !line.endsWith('running'));
        expect(ends).toHaveLength(1);
        expect(run.asked.filter((what) => what === 'stop')).toHaveLength(1);
      }),
      {numRuns: 60},
    );
  });
});

describe('an end', () => {
  it('is seen by nobody before it is on disk', async () => {
    const id = await idOf('a');
    const waiting = watched(delegations.wait({project: PROJECT, id, ms: MINUTE}));
    store.writeGate.hold();
    runner.of('a').complete('done');
    await settled();
    expect(store.asked.at(-1)).toBe(`write ${id} completed`);
    expect(waiting.isSettled).toBe(false);
    expect(await statusOf(id)).toBe('running');
    expect(await delegations.list(PROJECT)).toMatchObject([{id, state: {status: 'running'}}]);
    expect(await delegations.unread(PROJECT)).toEqual([]);
    store.writeGate.release();
    await settled();
    expect(waiting.value?.delegation).toMatchObject({text: 'done', state: {status: 'completed'}});
    expect(await delegations.list(PROJECT)).toMatchObject([{id, state: {status: 'completed'}}]);
    expect(await delegations.unread(PROJECT)).toEqual([id]);
  });

  it('has its title and summary at once, from the prompt and the answer', async () => {
    const id = await idOf('Count the files. Quickly.');
    headlines.gate.hold();
    runner.of('Count the files. Quickly.').complete('## There are 12.\n\nMore.', SOME_WORK);
    await settled();
    expect(await recordOf(id)).toMatchObject({
      title: 'Count the files',
      summary: 'There are 12.',
      text: '## There are 12.\n\nMore.',
      state: {status: 'completed', work: SOME_WORK},
    });
  });

  it.each(['error', 'interrupted'] as const)('as %s keeps its reason and its text', async (outcome) => {
    const id = await idOf('a');
    const product = {text: 'half', work: SOME_WORK};
    runner.of('a').settle({outcome, product, error: 'The provider said 500.'});
    await settled();
    expect(await recordOf(id)).toMatchObject({
      text: 'half',
      summary: 'The provider said 500.',
      state: {status: outcome, error: 'The provider said 500.', work: SOME_WORK},
    });
    expect(headlines.written).toEqual([]);
  });

  it('survives what the runner still reports after it', async () => {
    const id = await idOf('a');
    const {observer} = runner.of('a');
    runner.of('a').complete('done');
    await settled();
    const end = await recordOf(id);
    await observer.sessionOpened('ses_late');
    observer.activity({toolCalls: 9, last: 'late', at: 0});
    await settled();
    expect(await delegations.get(PROJECT, id)).toEqual({delegation: end});
    expect(store.stored(id)).toEqual(end);
  });

  it('is not replaced on disk by an older state that was still to be written', async () => {
    const id = await idOf('a');
    store.writeGate.hold();
    void runner.of('a').observer.sessionOpened('ses_1');
    runner.of('a').complete('done');
    await settled();
    store.writeGate.release();
    await settled();
    expect(store.stored(id)?.state).toMatchObject({status: 'completed', sessionId: 'ses_1'});
  });
});

it('a clock that is set while it runs changes nothing about how long it took', async () => {
  let up = 0;
  start({uptime: () => up});
  const id = await idOf('a');
  vi.setSystemTime(Date.now() - 60 * MINUTE);
  up = 3 * MINUTE;
  runner.of('a').complete('done');
  await settled();
  const {state} = await recordOf(id);
  expect(hasEnded(state) && state.endedAt - (state.startedAt ?? 0)).toBe(3 * MINUTE);
});

describe('an end that cannot be written', () => {
  async function failing(): Promise<string> {
    const id = await idOf('a');
    await runner.of('a').observer.sessionOpened('ses_1');
    store.writeError = new Error('ENOSPC: no space left on device');
    runner.of('a').complete('the answer');
    await settled();
    return id;
  }

  it('is the end that it is, says that it is not on disk, and keeps its text readable in memory', async () => {
    const id = await failing();
    const {delegation, notes} = await delegations.get(PROJECT, id);
    expect(delegation).toMatchObject({text: 'the answer', state: {status: 'completed'}});
    expect(notes?.join()).toMatch(/not on disk yet: ENOSPC: no space left on device\. It is kept in memory/);
    expect(await delegations.list(PROJECT)).toMatchObject([{id, state: {status: 'completed'}}]);
    expect(await delegations.unread(PROJECT)).toEqual([id]);
    expect(delegations.active).toBe(1);
    expect(log.lines.join('\n')).toMatch(/error .*ENOSPC/);
  });

  it('unblocks anyone who waits, and frees the slot', async () => {
    start({concurrency: 1});
    const a = await idOf('a');
    const waiting = delegations.wait({project: PROJECT, id: a, ms: MINUTE});
    await settled();
    store.writeError = new Error('EROFS');
    runner.of('a').complete('the answer');
    expect((await waiting).delegation).toMatchObject({text: 'the answer', state: {status: 'completed'}});
    await delegate('b');
    expect(runner.prompts).toEqual(['a', 'b']);
  });

  it('is tried again until it is on disk', async () => {
    const id = await failing();
    await pass(2_000);
    expect(store.stored(id)?.state.status).toBe('running');
    store.writeError = undefined;
    await pass(4_000);
    expect(store.stored(id)).toMatchObject({text: 'the answer', state: {status: 'completed'}});
    expect((await delegations.get(PROJECT, id)).notes).toBeUndefined();
    expect(delegations.active).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is tried again at an orderly stop', async () => {
    const id = await failing();
    store.writeError = undefined;
    await delegations.close();
    expect(store.stored(id)).toMatchObject({text: 'the answer', state: {status: 'completed'}});
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reaches the disk with the next change that can be written', async () => {
    const id = await failing();
    store.writeError = undefined;
    await delegations.markRead(await recordOf(id));
    expect(store.stored(id)).toMatchObject({text: 'the answer', state: {status: 'completed'}});
    expect(await delegations.unread(PROJECT)).toEqual([]);
  });

  it('is kept in memory when the next change cannot be written either', async () => {
    const id = await failing();
    await delegations.markRead(await recordOf(id));
    expect(await recordOf(id)).toMatchObject({text: 'the answer', state: {status: 'completed'}});
  });
});

describe('a disk that cannot be written as a delegation starts', () => {
  it('keeps the prompt from being sent until it is on disk that it runs', async () => {
    start({concurrency: 1});
    const {b} = await delegateAll('b', 'c');
    store.writeError = new Error('ENOSPC');
    await delegations.cancel(PROJECT, b ?? '');
    const opened = watched(runner.of('c').observer.sessionOpened('ses_1'));
    await pass(2_000);
    expect(opened.isSettled).toBe(false);
    expect((await delegations.list(PROJECT)).find(({title}) => title === 'c')?.state.status).toBe('running');
    store.writeError = undefined;
    await pass(4_000);
    expect(opened.isSettled).toBe(true);
  });

  it('does not keep it from being cancelled', async () => {
    start({concurrency: 1});
    const {b, c} = await delegateAll('b', 'c');
    store.writeError = new Error('ENOSPC');
    await delegations.cancel(PROJECT, b ?? '');
    const opened = watched(runner.of('c').observer.sessionOpened('ses_1'));
    await settled();
    await delegations.cancel(PROJECT, c ?? '');
    await settled();
    expect(opened.isSettled).toBe(true);
    expect(await statusOf(c)).toBe('cancelled');
  });
});

describe('a wait', () => {
  it('ends with the delegation', async () => {
    const id = await idOf('a');
    const waiting = watched(delegations.wait({project: PROJECT, id, ms: MINUTE}));
    await pass(MINUTE - 1);
    expect(waiting.isSettled).toBe(false);
    runner.of('a').complete('done');
    await settled();
    expect(waiting.value?.delegation.state.status).toBe('completed');
  });

  it('ends with its time, and the delegation goes on', async () => {
    const id = await idOf('a');
    const waiting = watched(delegations.wait({project: PROJECT, id, ms: 5_000}));
    await pass(4_999);
    expect(waiting.isSettled).toBe(false);
    await pass(1);
    expect(waiting.value?.delegation.state.status).toBe('running');
    runner.of('a').complete('done');
    await settled();
    expect(await statusOf(id)).toBe('completed');
  });

  it('ends with an abort, which stops nothing but the wait', async () => {
    const id = await idOf('a');
    const controller = new AbortController();
    const waiting = watched(
      delegations.wait({project: PROJECT, id, ms: 10 * MINUTE, signal: controller.signal}),
    );
    await settled();
    controller.abort();
    await settled();
    expect(waiting.value?.delegation.state.status).toBe('running');
    expect(runner.of('a').asked).toEqual([]);
  });

  it('ends at once for what has ended, for no time, and for a signal that was aborted before', async () => {
    const {a, b} = await delegateAll('a', 'b');
    runner.of('a').complete('done');
    await settled();
    const wait = (id = '', ms = MINUTE, signal = new AbortController().signal) =>
      delegations.wait({project: PROJECT, id, ms, signal});
    expect((await wait(a)).delegation.state.status).toBe('completed');
    expect((await wait(b, 0)).delegation.state.status).toBe('running');
    expect((await wait(b, MINUTE, AbortSignal.abort())).delegation.state.status).toBe('running');
  });

  it('tells how it stands at first, every change while it lasts, and none after it', async () => {
    start({concurrency: 1});
    const {b} = await delegateAll('a', 'b');
    const seen: string[] = [];
    const onChange = (look: () => DelegationView) => {
      const {delegation, activity, waiting: queued} = look();
      seen.push(`${delegation.state.status} ${activity?.last ?? queued?.place}`);
    };
    const waiting = delegations.wait({project: PROJECT, id: b ?? '', ms: 5_000, onChange});
    await settled();
    runner.of('a').complete('done');
    await settled();
    runner.of('b').observer.activity({toolCalls: 1, last: 'read x', at: Date.now()});
    expect(seen).toEqual(['queued 1', 'running ', 'running read x']);
    await pass(5_000);
    await waiting;
    runner.of('b').observer.activity({toolCalls: 2, last: 'read y', at: Date.now()});
    expect(seen).toHaveLength(3);
  });

  it('can tell at any moment what it waits for, which changes while the queue in front of it does', async () => {
    start({concurrency: 1});
    const {c} = await delegateAll('a', 'b', 'c');
    const looks: (() => DelegationView)[] = [];
    const onChange = (look: () => DelegationView) => looks.push(look);
    const waiting = delegations.wait({project: PROJECT, id: c ?? '', ms: 5_000, onChange});
    await settled();
    expect(looks[0]?.().waiting?.place).toBe(2);
    runner.of('a').complete('done');
    await settled();
    expect(looks).toHaveLength(1);
    expect(looks[0]?.().waiting?.place).toBe(1);
    await pass(5_000);
    await waiting;
  });

  it('leaves no timer behind', async () => {
    const id = await idOf('a');
    const before = vi.getTimerCount();
    const waits = [1, 2, 3].map((n) => delegations.wait({project: PROJECT, id, ms: n * 1_000}));
    await pass(3_000);
    await Promise.all(waits);
    expect(vi.getTimerCount()).toBe(before);
    const last = delegations.wait({project: PROJECT, id, ms: MINUTE});
    await settled();
    runner.of('a').complete('done');
    await last;
    await settled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('for what another process runs sees its end in the file', async () => {
    const owner = {pid: 1, hostname: HERE.hostname, environment: ''};
    const running = aDelegation({owner, state: {status: 'running', startedAt: Date.now()}});
    store.put(running);
    const waiting = watched(delegations.wait({project: PROJECT, id: running.id, ms: MINUTE}));
    await pass(2_000);
    expect(waiting.isSettled).toBe(false);
    store.put({...running, state: anEnd(), text: 'from afar'});
    await pass(1_000);
    expect(waiting.value?.delegation.text).toBe('from afar');
  });

  it('for what does not exist is refused', async () => {
    await expect(delegations.wait({project: PROJECT, id: 'no-such-id', ms: 1})).rejects.toThrow(Refusal);
  });
});

describe('a wait for what its agent asks', () => {
  const CONTENT: AskContent = {kind: 'permission', what: 'permission bash: rm', detail: 'rm'};

  async function ask(): Promise<{id: string; run: FakeRun}> {
    start({asking: {on: 'wait', ms: MINUTE}});
    const {id} = (await delegate('a')).delegation;
    return {id, run: runner.of('a')};
  }

  it('ends for everybody who waits, once; without an answer the next one lasts', async () => {
    const {id, run} = await ask();
    const wait = () => watched(delegations.wait({project: PROJECT, id, ms: 5_000}));
    const waits = [wait(), wait()];
    await settled();
    run.observer.asked('one', CONTENT);
    await settled();
    for (const {value} of waits) expect(value?.delegation.state).toMatchObject({asks: [{number: 1}]});
    const next = wait();
    await settled();
    expect(next.value).toBeUndefined();
    run.observer.asked('two', CONTENT);
    await settled();
    expect(next.value?.delegation.state).toMatchObject({asks: [{number: 1}, {number: 2}]});
    const last = wait();
    await pass(5_000);
    expect(last.value?.delegation.state).toMatchObject({status: 'running'});
    await delegations.cancel(PROJECT, id);
  });

  it('shows at once what was asked before it', async () => {
    const {id, run} = await ask();
    run.observer.asked('one', CONTENT);
    expect((await delegations.wait({project: PROJECT, id, ms: MINUTE})).delegation.state).toMatchObject({
      asks: [{number: 1, until: Date.now() + MINUTE}],
    });
    expect(delegations.blocked(PROJECT).map((head) => head.id)).toEqual([id]);
    expect(delegations.blocked('another')).toEqual([]);
    await delegations.reply(PROJECT, id, {decision: 'allow'});
    expect(run.replies).toEqual([{id: 'one', reply: {allow: true, answers: []}}]);
    expect(delegations.blocked(PROJECT)).toEqual([]);
    run.complete('done');
    await settled();
    expect(store.stored(id)).toMatchObject({decisions: [{number: 1, verdict: 'allowed'}]});
    expect(store.stored(id)?.state).not.toHaveProperty('asks');
  });
});

describe('an id', () => {
  it('is understood in quotes, in blanks and in another case', async () => {
    store.put(aDelegation({state: anEnd()}));
    for (const id of [
      'swift-amber-otter',
      '"swift-amber-otter"',
      ' `Swift-Amber-Otter` \n',
      'SWIFT-AMBER-OTTER',
    ]) {
      expect((await recordOf(id)).id).toBe('swift-amber-otter');
    }
  });

  test.each([
    '',
    '  ',
    '""',
    '../../x',
    '../swift-amber-otter',
    'a/b',
    'swift',
    'x'.repeat(10_000),
    'a-b-c\u0000',
  ])('that cannot be one, as %j, is not found, and the store is not asked', async (id) => {
    for (const refused of [delegations.get(PROJECT, id), delegations.cancel(PROJECT, id)]) {
      await expect(refused).rejects.toThrow(Refusal);
      await expect(refused).rejects.toThrow(/delegation_list shows the known ones/);
    }
    expect(store.asked).toEqual([]);
  });

  it('that is too long is shortened in the refusal', async () => {
    await expect(recordOf('x'.repeat(10_000))).rejects.toThrow(/^.{0,150}$/);
  });

  it('that nobody has is not found by its name', async () => {
    await expect(recordOf('calm-blue-heron')).rejects.toThrow(
      'No delegation "calm-blue-heron" in this project.',
    );
  });

  it('of another project is not found', async () => {
    store.put(aDelegation({project: 'another', state: anEnd()}));
    await delegate('a', {project: 'another'});
    await expect(recordOf('swift-amber-otter')).rejects.toThrow(Refusal);
    expect(await delegations.list(PROJECT)).toEqual([]);
  });
});

describe('a result that was read', () => {
  it('is noted on disk and is unread no longer', async () => {
    const {a, b} = await delegateAll('a', 'b');
    runner.of('a').complete('done');
    runner.of('b').complete('done');
    await settled();
    expect(new Set(await delegations.unread(PROJECT))).toEqual(new Set([a, b]));
    await pass(1_000);
    await delegations.markRead(await recordOf(a));
    expect(store.stored(a ?? '')).toMatchObject({readAt: Date.now(), text: 'done'});
    expect(await delegations.unread(PROJECT)).toEqual([b]);
  });

  it('keeps the time of the first reading', async () => {
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    const first = await delegations.markRead(await recordOf(id));
    await pass(1_000);
    expect(await delegations.markRead(await recordOf(id))).toEqual(first);
  });

  it('is not one while the delegation runs', async () => {
    const id = await idOf('a');
    await delegations.markRead(await recordOf(id));
    expect(await recordOf(id)).not.toHaveProperty('readAt');
  });

  it('does no harm when that cannot be written', async () => {
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    store.writeError = new Error('EROFS');
    await delegations.markRead(await recordOf(id));
    expect(await recordOf(id)).toMatchObject({text: 'done', state: {status: 'completed'}});
    expect(log.lines.join('\n')).toMatch(/warn .*EROFS/);
  });
});

describe('a headline', () => {
  it('replaces title and summary when it comes, and nobody waits for it', async () => {
    headlines.gate.hold();
    headlines.headline = {title: '**A better title**', summary: 'Better.\nAnd more.'};
    const id = await idOf('a');
    const waiting = watched(delegations.wait({project: PROJECT, id, ms: MINUTE}));
    runner.of('a').complete('done');
    await settled();
    expect(waiting.value?.delegation).toMatchObject({title: 'a', summary: 'done'});
    headlines.gate.release();
    await settled();
    expect(store.stored(id)).toMatchObject({title: 'A better title', summary: 'Better.', text: 'done'});
  });

  it('does not lose that the result was read meanwhile', async () => {
    headlines.gate.hold();
    headlines.headline = {title: 'Better', summary: 'Better.'};
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    await delegations.markRead(await recordOf(id));
    headlines.gate.release();
    await settled();
    expect(store.stored(id)).toMatchObject({title: 'Better', readAt: Date.now()});
  });

  it('and a reading at the same moment are both kept', async () => {
    headlines.gate.hold();
    headlines.headline = {title: 'Better', summary: 'Better.'};
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    const record = await recordOf(id);
    store.writeGate.hold();
    headlines.gate.release();
    await settled();
    const read = delegations.markRead(record);
    await settled();
    store.writeGate.release();
    await read;
    await settled();
    expect(store.stored(id)).toMatchObject({title: 'Better', summary: 'Better.', readAt: Date.now()});
  });

  it('that is not there leaves the record as it is', async () => {
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    expect(headlines.written).toHaveLength(1);
    expect(await recordOf(id)).toMatchObject({title: 'a', summary: 'done'});
  });
});

describe('a project with many records', () => {
  it('is not waited for by an answer that names what is unread, save for what has ended here', async () => {
    store.put(aDelegation({id: 'calm-blue-heron', state: anEnd()}));
    store.writeError = new Error('ENOSPC');
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    store.isScanned = false;
    expect(await delegations.unread(PROJECT)).toEqual([id]);
    store.isScanned = true;
    expect(await delegations.unread(PROJECT)).toEqual([id, 'calm-blue-heron']);
  });

  it('is put together once for as long as nothing changes', async () => {
    const {list} = store;
    let stored = listingOf([aDelegation({id: 'calm-blue-heron', state: anEnd()})]);
    store.list = async () => stored;
    const id = await idOf('a');
    stored = listingOf([aDelegation({id, createdAt: Date.now()}), ...stored.heads]);
    const first = await delegations.list(PROJECT);
    expect(first).toMatchObject([{id, state: {status: 'running'}}, {id: 'calm-blue-heron'}]);
    expect(await delegations.list(PROJECT)).toBe(first);
    runner.of('a').complete('done');
    await settled();
    expect(await delegations.list(PROJECT)).toBe(stored.heads);
    store.list = list;
  });
});

describe('a record whose process is gone', () => {
  const running = () =>
    aDelegation({owner: GONE, state: {status: 'running', startedAt: 1_000, sessionId: 'ses_old'}});

  const recently = () => ({...running(), state: {status: 'running', startedAt: Date.now()} as const});

  it('gets the end that its session shows, and is stored so', async () => {
    store.put(running());
    runner.lostRunEnd = {outcome: 'completed', product: {text: 'It was all there.', work: SOME_WORK}};
    const {state, text} = await recordOf('swift-amber-otter');
    expect(text).toBe('It was all there.');
    expect(state).toMatchObject({
      status: 'completed',
      startedAt: 1_000,
      sessionId: 'ses_old',
      work: SOME_WORK,
    });
    expect(store.stored('swift-amber-otter')?.state).toEqual(state);
    expect(runner.lost).toMatchObject([{delegationId: 'swift-amber-otter', sessionId: 'ses_old'}]);
  });

  it('becomes interrupted where its session shows no end', async () => {
    store.put(running());
    const {state} = await recordOf('swift-amber-otter');
    expect(state).toMatchObject({
      status: 'interrupted',
      startedAt: 1_000,
      sessionId: 'ses_old',
      error: `The process that ran it (${DEAD_PID}) is gone.`,
    });
    expect(store.stored('swift-amber-otter')?.state).toEqual(state);
    expect(await delegations.unread(PROJECT)).toEqual(['swift-amber-otter']);
  });

  it('stays open where OpenCode could not be asked, says why, and is asked again by itself', async () => {
    store.put(running());
    runner.lostRunEnd = {outcome: 'not known', why: 'OpenCode is not there.'};
    const {unknown} = await delegations.get(PROJECT, 'swift-amber-otter');
    expect(unknown).toBe('OpenCode is not there. It is asked again.');
    expect(await delegations.list(PROJECT)).toMatchObject([{state: {status: 'running'}}]);
    expect(store.stored('swift-amber-otter')).toEqual(running());
    expect(runner.lost).toHaveLength(1);

    await pass(2_000);
    expect(runner.lost).toHaveLength(2);
    runner.lostRunEnd = {outcome: 'completed', product: {text: 'It was all there.', work: SOME_WORK}};
    await pass(4_000);
    expect(store.stored('swift-amber-otter')).toMatchObject({
      text: 'It was all there.',
      state: {status: 'completed'},
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that cannot be recovered, as the disk is full, does not keep the others from being listed', async () => {
    store.put(running());
    store.put(aDelegation({id: 'calm-blue-heron', state: anEnd()}));
    const {exclusively} = store;
    store.exclusively = () => Promise.reject(new Error('ENOSPC'));
    expect(await delegations.list(PROJECT)).toHaveLength(2);
    expect(await delegations.unread(PROJECT)).toEqual(['calm-blue-heron']);
    store.exclusively = exclusively;
    await pass(2_000);
    expect(store.stored('swift-amber-otter')?.state.status).toBe('interrupted');
  });

  it('is left as it is by a process that closes meanwhile, and keeps one that nobody needs from ending', async () => {
    store.put(running());
    let tell!: (end: NotKnown) => void;
    runner.postMortem = () => new Promise((resolve) => (tell = resolve));
    const got = delegations.get(PROJECT, 'swift-amber-otter');
    await settled();
    expect(delegations.active).toBe(1);
    const closed = delegations.close();
    tell({outcome: 'not known', why: 'this server is stopping'});
    await Promise.all([got, closed]);
    expect(store.stored('swift-amber-otter')).toEqual(running());
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is settled by a list too, and for the one who waits', async () => {
    store.put(running());
    expect(await delegations.list(PROJECT)).toMatchObject([{state: {status: 'interrupted'}}]);
    start();
    store.put(running());
    const waited = await delegations.wait({project: PROJECT, id: 'swift-amber-otter', ms: MINUTE});
    expect(waited.delegation.state.status).toBe('interrupted');
  });

  it('is queued again when it had not begun, in the order in which they came', async () => {
    start({concurrency: 1});
    store.put(
      aDelegation({id: 'b-b-b', prompt: 'b', owner: GONE, createdAt: 2, state: {status: 'registered'}}),
    );
    store.put(aDelegation({id: 'a-a-a', prompt: 'a', owner: GONE, createdAt: 1, state: {status: 'queued'}}));
    store.put(aDelegation({id: 'c-c-c', prompt: 'c', owner: GONE, createdAt: 3, state: {status: 'queued'}}));
    await delegations.list(PROJECT);
    expect(runner.prompts).toEqual(['a']);
    expect((await delegations.get(PROJECT, 'c-c-c')).waiting?.place).toBe(2);
    for (const prompt of ['a', 'b', 'c']) {
      runner.of(prompt).complete('done');
      await settled();
    }
    expect(runner.prompts).toEqual(['a', 'b', 'c']);
    expect(store.stored('c-c-c')).toMatchObject({owner: HERE, state: {status: 'completed'}});
  });

  it('runs again when nothing had been sent to the model', async () => {
    store.put(running());
    runner.lostRunEnd = {outcome: 'nothing sent', why: 'It was killed.'};
    expect(await delegations.list(PROJECT)).toMatchObject([{state: {status: 'running'}}]);
    await settled();
    const run = runner.of('Do it.');
    await run.observer.sessionOpened('ses_new');
    run.complete('done');
    await settled();
    expect(store.stored('swift-amber-otter')).toMatchObject({
      owner: HERE,
      text: 'done',
      state: {status: 'completed', sessionId: 'ses_new'},
    });
  });

  it('waits for a client of its environment when nothing had been sent to the model', async () => {
    store.put({...running(), owner: {...GONE, environment: 'other keys'}});
    runner.lostRunEnd = {outcome: 'nothing sent', why: 'It was killed.'};
    await delegations.list(PROJECT);
    expect(store.stored('swift-amber-otter')?.state).toEqual({status: 'queued'});
    expect(runner.runs).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not queued again by a process in another environment', async () => {
    const waiting = aDelegation({owner: {...GONE, environment: 'other keys'}, state: {status: 'queued'}});
    store.put(waiting);
    await delegations.list(PROJECT);
    expect(await recordOf(waiting.id)).toEqual(waiting);
    expect(runner.runs).toEqual([]);
  });

  it('has the id that it has elsewhere, where that is unused', async () => {
    const first = await delegate('a', {knownAs: 'swift-amber-otter'});
    expect(first.delegation.id).toBe('swift-amber-otter');
    const second = await delegate('b', {knownAs: 'swift-amber-otter'});
    expect(second.delegation.id).not.toBe('swift-amber-otter');
    expect(runner.prompts).toEqual(['a', 'b']);
  });

  it('is taken hold of by a client of any environment where it runs elsewhere', async () => {
    const there = {where: 'pool' as const, sessions: 'pool:of a team'};
    ({runner, store, delegations} = fakeDelegations({concurrency: 8, environment: there}));
    const owner = {...GONE, environment: 'other keys', sessions: there.sessions};
    store.put(aDelegation({id: 'a-a-a', owner, state: {status: 'queued'}}));
    store.put({...running(), owner});
    store.put(
      aDelegation({id: 'b-b-b', owner: {...owner, sessions: 'pool:other'}, state: {status: 'queued'}}),
    );
    runner.lostRunEnd = {outcome: 'nothing sent', why: 'The process that watched it is gone.'};
    await delegations.list(PROJECT);
    const isOurs = (id: string) => store.stored(id)?.owner.environment === HERE.environment;
    expect(['a-a-a', 'swift-amber-otter', 'b-b-b'].map(isOurs)).toEqual([true, true, false]);
  });

  it('is recovered once, however many ask at the same time', async () => {
    store.put(running());
    store.put(aDelegation({id: 'a-a-a', prompt: 'a', owner: GONE, state: {status: 'queued'}}));
    await Promise.all([
      delegations.list(PROJECT),
      delegations.unread(PROJECT),
      recordOf('swift-amber-otter'),
      recordOf('a-a-a'),
    ]);
    expect(runner.lost).toHaveLength(1);
    expect(runner.prompts).toEqual(['a']);
  });

  it('is left alone when it had ended', async () => {
    const ended = aDelegation({owner: GONE, state: anEnd(), readAt: 5});
    store.put(ended);
    expect(await recordOf(ended.id)).toEqual(ended);
    await delegations.list(PROJECT);
    expect(store.stored(ended.id)).toBe(ended);
  });

  it('is left alone when it ran on another machine', async () => {
    const foreign = {...recently(), owner: ELSEWHERE};
    store.put(foreign);
    expect(await recordOf(foreign.id)).toEqual(foreign);
    expect(await delegations.list(PROJECT)).toMatchObject([{state: {status: 'running'}}]);
    expect(store.stored(foreign.id)).toBe(foreign);
  });

  it('is left alone while its process lives', async () => {
    const foreign = {...running(), owner: {...identityOf(process.ppid), environment: ''}};
    store.put(foreign);
    expect(await recordOf(foreign.id)).toEqual(foreign);
    expect(store.stored(foreign.id)).toBe(foreign);
  });

  it('is nobody’s when its time is long over and nobody can tell whether its process is there', async () => {
    const limit = running().timeoutMs + 10 * MINUTE;
    const foreign = {...recently(), owner: ELSEWHERE};
    store.put(foreign);
    vi.setSystemTime(Date.now() + limit);
    expect(await statusOf(foreign.id)).toBe('running');
    vi.setSystemTime(Date.now() + 1);
    expect(await statusOf(foreign.id)).toBe('interrupted');
  });

  it('that several readers find at once has one end for all of them', async () => {
    store.put(running());
    const reads = await Promise.all([1, 2, 3].map(() => recordOf('swift-amber-otter')));
    for (const {state} of reads) expect(state).toEqual(store.stored('swift-amber-otter')?.state);
  });
});

describe('a call whose answer nobody waits for any more', () => {
  const call = () => {
    const controller = new AbortController();
    let isCancelled = false;
    const cancel = () => {
      isCancelled = true;
      controller.abort();
    };
    return {asking: {signal: controller.signal, isCancelled: () => isCancelled}, controller, cancel};
  };

  /** Holds back what OpenCode is asked before anything is registered. */
  function holdCatalog(): () => void {
    const {choose} = catalog;
    const gate = new Gate();
    gate.hold();
    catalog.choose = async (request) => {
      await gate.pass();
      return choose.call(catalog, request);
    };
    return () => gate.release();
  }

  it('as its connection broke is carried out, and anyone who looks next waits until it is there to see', async () => {
    const release = holdCatalog();
    const {asking, controller} = call();
    const delegated = delegate('a', {asking});
    await settled();
    expect(await delegations.list(PROJECT)).toEqual([]);
    controller.abort();
    const listed = watched(delegations.list(PROJECT));
    await settled();
    expect(listed.isSettled).toBe(false);
    release();
    const {delegation} = await delegated;
    await settled();
    expect(listed.value).toMatchObject([{id: delegation.id}]);
  });

  it('as it was cancelled before it was registered starts nothing', async () => {
    const release = holdCatalog();
    const {asking, cancel} = call();
    const refused = expect(delegate('a', {asking})).rejects.toThrow('cancelled, so nothing was started');
    cancel();
    release();
    await refused;
    expect(store.size).toBe(0);
  });
});

describe('thousands that wait', () => {
  it('are as many of one client as the limit, which the refusal names; another client has room', async () => {
    start({concurrency: 1});
    await Promise.all(Array.from({length: MAX_OPEN}, (_, n) => delegations.delegate(aRequest(`${n}`))));
    await expect(delegate('one more')).rejects.toThrow(/^2,000 delegations of this client wait or run/);
    expect((await delegate('another', {client: {name: 'd', version: '1'}})).waiting?.place).toBe(2);
    await delegations.close();
    expect(runner.runs).toHaveLength(1);
    expect((await store.list(PROJECT)).heads.every(({state}) => state.status === 'interrupted')).toBe(true);
  });

  it('are recovered beside the answer to a list', async () => {
    store.put(aDelegation({owner: GONE, state: {status: 'running', startedAt: 1_000}}));
    let tell!: (end: NotKnown) => void;
    runner.postMortem = () => new Promise((resolve) => (tell = resolve));
    const listed = watched(delegations.list(PROJECT));
    await pass(2_000);
    expect(listed.value).toMatchObject([{state: {status: 'running'}}]);
    tell({outcome: 'not known', why: 'Not now.'});
  });
});

describe('closing', () => {
  it('interrupts what runs, with its text, and what waits, which never starts', async () => {
    start({concurrency: 1});
    const {a, b} = await delegateAll('a', 'b');
    runner.of('a').produce('half', SOME_WORK);
    await delegations.close();
    expect(store.stored(a ?? '')).toMatchObject({
      text: 'half',
      state: {status: 'interrupted', work: SOME_WORK},
    });
    expect(store.stored(b ?? '')).toMatchObject({text: '', state: {status: 'interrupted', work: NO_STATS}});
    expect(store.stored(b ?? '')?.state).not.toHaveProperty('startedAt');
    expect(runner.prompts).toEqual(['a']);
    // It stops first, and is looked at once more: the answer may have come meanwhile.
    expect(runner.of('a').asked).toEqual(['snapshot', 'halt', 'stop']);
    expect(delegations.active).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('finds the answer that came while it stopped', async () => {
    const id = await idOf('a');
    const run = runner.of('a');
    run.stopGate.hold();
    const closed = delegations.close();
    await settled();
    run.complete('in the last moment');
    run.isAnswered = true;
    run.fail('It was stopped.');
    run.stopGate.release();
    await closed;
    expect(store.stored(id)).toMatchObject({text: 'in the last moment', state: {status: 'completed'}});
  });

  it('takes nothing that its own stop brings about for an end', async () => {
    const id = await idOf('a');
    const run = runner.of('a');
    run.stopGate.hold();
    const closed = delegations.close();
    await settled();
    run.fail('It was stopped.', 'half');
    await settled();
    run.stopGate.release();
    await closed;
    expect(store.stored(id)).toMatchObject({
      text: 'half',
      state: {status: 'interrupted', error: expect.stringContaining('The server that ran it was stopped')},
    });
  });

  it('finds an answer that is stored already: it is complete, as it is at a cancel and at the time limit', async () => {
    const {a} = await delegateAll('a');
    runner.of('a').produce('all of it', SOME_WORK);
    runner.of('a').isAnswered = true;
    await delegations.close();
    expect(store.stored(a ?? '')).toMatchObject({text: 'all of it', state: {status: 'completed'}});
  });

  it('leaves open what could not be asked for, for the next process to find out', async () => {
    const {a} = await delegateAll('a');
    await runner.of('a').observer.sessionOpened('ses_1');
    runner.of('a').isNotKnown = true;
    await delegations.close();
    expect(store.stored(a ?? '')).toMatchObject({state: {status: 'running'}});
  });

  it('is done only when all ends are stored and all sessions have stopped', async () => {
    await delegate('a');
    store.writeGate.hold();
    runner.of('a').stopGate.hold();
    const closing = watched(delegations.close());
    await settled();
    expect(closing.isSettled).toBe(false);
    store.writeGate.release();
    await settled();
    expect(closing.isSettled).toBe(false);
    runner.of('a').stopGate.release();
    await settled();
    expect(closing.isSettled).toBe(true);
  });

  it('unblocks anyone who waits', async () => {
    const id = await idOf('a');
    const waiting = delegations.wait({project: PROJECT, id, ms: MINUTE});
    await settled();
    await delegations.close();
    expect((await waiting).delegation.state.status).toBe('interrupted');
  });

  it('refuses new delegations and stores nothing of them', async () => {
    await delegations.close();
    await expect(delegate('a')).rejects.toThrow(Refusal);
    expect(store.size).toBe(0);
    expect(runner.runs).toEqual([]);
  });

  it('can be asked for any number of times', async () => {
    await delegate('a');
    await Promise.all([delegations.close(), delegations.close()]);
    await delegations.close();
    expect(runner.of('a').asked).toEqual(['snapshot', 'halt', 'stop']);
  });

  it('leaves ends that came before as they were', async () => {
    const id = await idOf('a');
    runner.of('a').complete('done');
    await settled();
    const before = store.stored(id);
    await delegations.close();
    expect(store.stored(id)).toBe(before);
  });

  it('interrupts what is being registered, and writes its end only after the record was made', async () => {
    store.createGate.hold();
    const answer = watched(delegations.delegate(aRequest('p')));
    await vi.waitUntil(() => store.asked.length > 0);
    const closing = delegations.close();
    await settled();
    expect(store.asked.filter((line) => line.startsWith('write'))).toEqual([]);
    store.createGate.release();
    await closing;
    await settled();
    expect(answer.isSettled).toBe(true);
    expect(runner.runs).toEqual([]);
    const [head] = (await store.list(PROJECT)).heads;
    expect(head?.state.status ?? 'interrupted').toBe('interrupted');
  });

  it('never overwrites the record of another when an id that is being registered turns out to be taken', async () => {
    store.createGate.hold();
    store.taken = 1;
    const answer = watched(delegations.delegate(aRequest('p')));
    await vi.waitUntil(() => store.asked.length > 0);
    const id = store.asked[0]?.split(' ')[1] ?? '';
    const others = aDelegation({id, state: anEnd(), text: 'precious'});
    store.put(others);
    const closing = delegations.close();
    await settled();
    store.createGate.release();
    await closing;
    await settled();
    expect(answer.isSettled).toBe(true);
    expect(store.stored(id)).toBe(others);
  });
});
