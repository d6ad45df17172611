import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {NO_STATS, NO_USAGE} from '../../src/delegation/model/delegation.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, anEnd, type FakeRun, GONE} from '../support/fakes.ts';

const PROJECT = 'project';
const SCHEMA = {type: 'object', required: ['price'], properties: {price: {type: 'number'}}};
const UNFIT = 'About five.';
const REQUEST = {prompt: 'Price', expect: SCHEMA as unknown};

let directory: string;
let all: ReturnType<typeof fakeDelegations>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opencode-delegate-domain-'));
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
  all = fakeDelegations();
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, {recursive: true, force: true});
});

/** A schema is checked by a module that is loaded when it is needed. */
async function until(holds: () => boolean): Promise<void> {
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(0);
    if (!holds()) throw new Error('not yet');
  });
}

const given = () => ({
  ...{project: PROJECT, environment: all.environment, directory, timeoutMinutes: 15},
  client: {name: 'vitest', version: '1'},
});

async function delegate(request = REQUEST): Promise<{id: string; run: FakeRun}> {
  const {delegation} = await all.delegations.delegate({...given(), ...request});
  await until(() => all.runner.runs.length > 0);
  const run = all.runner.of(request.prompt);
  await run.observer.sessionOpened('ses_1');
  return {id: delegation.id, run};
}

/** The run that is to repair the answer. */
async function repairOf(run: FakeRun, answer = UNFIT): Promise<FakeRun> {
  run.complete(answer);
  await until(() => all.runner.runs.length === 2);
  const [, repair] = all.runner.runs;
  if (repair === undefined) throw new Error('it is not repaired');
  await repair.observer.sessionOpened('ses_1');
  return repair;
}

function repaired(run: FakeRun, text: string): void {
  run.settle({outcome: 'completed', product: {text, work: NO_STATS, isRepaired: true}});
}

const stored = (id: string) => all.store.stored(id);
const hasEnded = (id: string) => () => 'endedAt' in (stored(id)?.state ?? {});

describe('an answer that has to fit a schema', () => {
  it('is asked for with the prompt, and the value alone is kept', async () => {
    const {id, run} = await delegate();
    expect(run.request).toMatchObject({
      prompt: 'Price',
      besides: expect.stringContaining(JSON.stringify(SCHEMA)),
    });
    run.complete('It is {"price": 5}, I think.');
    await until(hasEnded(id));
    expect(stored(id)).toMatchObject({
      text: '{"price": 5}',
      expect: JSON.stringify(SCHEMA),
      state: {status: 'completed'},
    });
  });

  it('is repaired once, in the same session, and the record says so before that', async () => {
    const {id, run} = await delegate();
    const repair = await repairOf(run);
    expect(stored(id)).toMatchObject({text: UNFIT, repair: {sessionId: 'ses_1'}, state: {status: 'running'}});
    expect(run.hasStopped).toBe(true);
    expect(repair.request).toMatchObject({
      ...{isRepair: true, continues: 'ses_1'},
      prompt: expect.stringContaining('the answer is not one JSON value'),
    });
    repaired(repair, '{"price": 5}');
    await until(hasEnded(id));
    expect(stored(id)).toMatchObject({text: '{"price": 5}', state: {status: 'completed'}});
  });

  it('is an error with what does not fit where it is not repaired', async () => {
    const {id, run} = await delegate();
    repaired(await repairOf(run), '{"price": "5"}');
    await until(hasEnded(id));
    expect(stored(id)).toMatchObject({
      text: '{"price": "5"}',
      state: {status: 'error', error: expect.stringMatching(/asked once to repair it: price: .*"number"/)},
    });
  });

  it('is not asked for for ever where nothing comes of asking', async () => {
    const {id, run} = await delegate();
    await repairOf(run);
    for (let n = 2; !hasEnded(id)(); n += 1) {
      all.runner.runs[n - 1]?.complete(UNFIT);
      await until(() => hasEnded(id)() || all.runner.runs.length > n);
    }
    expect(all.runner.runs).toHaveLength(7);
    expect(stored(id)).toMatchObject({text: UNFIT, state: {status: 'error'}});
  });

  it('is not repaired where it has cost as much as it may, and its end says both', async () => {
    const {id, run} = await delegate({...REQUEST, ...{maxCostUsd: 0.5}});
    const usage = {...NO_USAGE, cost: 0.6};
    run.observer.activity({toolCalls: 0, last: '', at: 0, usage, isClosing: true});
    run.isAnswered = true;
    run.produce(UNFIT, {...NO_STATS, usage});
    run.complete(UNFIT, {...NO_STATS, usage});
    await until(hasEnded(id));
    expect(all.runner.runs).toHaveLength(1);
    expect(stored(id)).toMatchObject({
      text: UNFIT,
      state: {
        ...{status: 'error', atLimit: 'cost'},
        error: expect.stringMatching(
          /^It reached its limit of \$0\.50: it had cost \$0\.60\..* does not fit /,
        ),
      },
    });
  });

  it('stays with what it was where it is cancelled before it is repaired', async () => {
    const {id, run} = await delegate();
    await repairOf(run);
    await all.delegations.cancel(PROJECT, id);
    expect(stored(id)).toMatchObject({text: UNFIT, state: {status: 'cancelled'}});
  });

  it('is not repaired any more where its time is up', async () => {
    const {id, run} = await delegate();
    run.produce(UNFIT);
    run.isAnswered = true;
    await vi.advanceTimersByTimeAsync(15 * 60_000);
    await until(hasEnded(id));
    expect(stored(id)).toMatchObject({text: UNFIT, state: {status: 'error'}});
    expect(all.runner.runs).toHaveLength(1);
  });

  it('is left for the next process to repair where this one ends', async () => {
    const {id, run} = await delegate();
    run.produce(UNFIT);
    run.isAnswered = true;
    await all.delegations.close();
    expect(stored(id)?.state).toMatchObject({status: 'running', sessionId: 'ses_1'});
  });
});

describe('an answer whose process is gone', () => {
  const lost = () =>
    aDelegation({
      ...{owner: GONE, directory, expect: JSON.stringify(SCHEMA)},
      state: {status: 'running', startedAt: Date.now(), sessionId: 'ses_1'},
    });

  it('is repaired by who finds it', async () => {
    all.store.put(lost());
    all.runner.lostRunEnd = {outcome: 'completed', product: {text: UNFIT, work: NO_STATS}};
    await all.delegations.list(PROJECT);
    await until(() => all.runner.runs.length === 1);
    expect(all.runner.runs[0]?.request).toMatchObject({isRepair: true, continues: 'ses_1'});
    expect(stored(lost().id)).toMatchObject({text: UNFIT, repair: {sessionId: 'ses_1'}});
  });

  it('keeps what it has cost, and its session, until it is repaired', async () => {
    all = fakeDelegations({concurrency: 1});
    await delegate({prompt: 'Other', expect: undefined});
    all.store.put(lost());
    const usage = {...NO_USAGE, cost: 0.5};
    const product = {text: UNFIT, work: {...NO_STATS, usage}};
    all.runner.lostRunEnd = {outcome: 'completed', product};
    await all.delegations.list(PROJECT);
    await until(() => stored(lost().id)?.state.status === 'queued');
    expect(stored(lost().id)?.state).toEqual({status: 'queued', sessionId: 'ses_1', usage});
    await all.delegations.cancel(PROJECT, lost().id);
    expect(stored(lost().id)).toMatchObject({
      text: UNFIT,
      state: {status: 'cancelled', sessionId: 'ses_1', work: {usage: {cost: 0.5}}},
    });
  });

  it('is an error where it was to be repaired already, and its value where it fits', async () => {
    all.store.put(lost());
    const product = {text: UNFIT, work: NO_STATS, isRepaired: true};
    all.runner.lostRunEnd = {outcome: 'completed', product};
    await all.delegations.list(PROJECT);
    await until(hasEnded(lost().id));
    expect(stored(lost().id)).toMatchObject({text: UNFIT, state: {status: 'error'}});
    all.store.put(lost());
    all.runner.lostRunEnd = {outcome: 'completed', product: {...product, text: '```json\n{"price": 1}\n```'}};
    await all.delegations.list(PROJECT);
    await until(() => stored(lost().id)?.state.status === 'completed');
    expect(stored(lost().id)?.text).toBe('{"price": 1}');
  });
});

describe('a schema', () => {
  it('that is none is refused, and nothing is stored', async () => {
    const wrong = all.delegations.delegate({...given(), prompt: 'x', expect: {type: 'objekt'}});
    await expect(wrong).rejects.toThrow(/^expect is no JSON Schema .*: type: .*Nothing was started/);
    expect(all.store.size).toBe(0);
  });

  it('is kept by who goes on without other words, and by nobody else', async () => {
    const source = aDelegation({
      ...{directory, expect: JSON.stringify(SCHEMA), text: UNFIT},
      state: anEnd({status: 'interrupted'}),
    });
    all.store.put(source);
    const goingOn = await all.delegations.continue({...given(), id: source.id});
    expect(goingOn.delegation.expect).toBe(source.expect);
    await all.delegations.cancel(PROJECT, goingOn.delegation.id);
    const other = await all.delegations.continue({...given(), id: source.id, prompt: 'Why five?'});
    expect(other.delegation.expect).toBeUndefined();
  });
});
