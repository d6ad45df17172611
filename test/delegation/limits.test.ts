import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import {NO_STATS, NO_USAGE, type Usage} from '../../src/delegation/model/delegation.ts';
import {nearnessOf} from '../../src/delegation/model/near.ts';
import type {Environment} from '../../src/delegation/model/ports.ts';
import type {DelegateInput} from '../../src/delegation/submit/input.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, anEnd, type FakeRun, GONE, SOME_WORK} from '../support/fakes.ts';

let directory: string;
let fakes: ReturnType<typeof fakeDelegations>;

function start(ceilings: Environment['ceilings'] = {}, concurrency = 8): void {
  fakes = fakeDelegations({concurrency, environment: {ceilings}});
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opencode-delegate-limits-'));
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date'], now: new Date(2026, 10, 30, 12)});
  start();
});

afterEach(async () => {
  vi.useRealTimers();
  rmSync(directory, {recursive: true, force: true});
});

const settled = () => vi.advanceTimersByTimeAsync(0);

function request(given: Partial<DelegateInput> = {}): DelegateInput {
  const client = {name: 'c', version: '1'};
  const {environment} = fakes;
  return {project: 'project', environment, directory, prompt: 'work', timeoutMinutes: 15, client, ...given};
}

async function begin(prompt: string, given: Partial<DelegateInput> = {}): Promise<string> {
  const {delegation} = await fakes.delegations.delegate(request({prompt, ...given}));
  await settled();
  return delegation.id;
}

const usage = (cost: number, input = 0): Usage => ({...NO_USAGE, cost, input});

/** A step of it is over. */
async function step(run: FakeRun, used: Usage, isClosing = false): Promise<void> {
  run.produce('So far.', {...NO_STATS, usage: used});
  run.observer.activity({toolCalls: 1, last: 'thinking', at: 0, usage: used, ...(isClosing && {isClosing})});
  await settled();
}

const view = (id: string) => fakes.delegations.get('project', id);

describe('a limit of cost', () => {
  it('ends a running delegation as an error that says so, with what it had', async () => {
    const id = await begin('work', {maxCostUsd: 0.5});
    const run = fakes.runner.of('work');
    await step(run, usage(0.39));
    expect(nearnessOf(await view(id))).toBeUndefined();
    await step(run, usage(0.45));
    expect(nearnessOf(await view(id))).toBe('90 % of its $0.50');
    await step(run, usage(0.53));
    expect((await view(id)).delegation).toMatchObject({
      text: 'So far.',
      state: {
        status: 'error',
        atLimit: 'cost',
        error: expect.stringMatching(/^It reached its limit of \$0\.50: it had cost \$0\.53\. Go on with /),
        work: {usage: {cost: 0.53}},
      },
    });
    // It is stopped before anything is read: each moment costs.
    expect(run.asked[0]).toBe('halt');
  });

  it('lets one end by itself whose last step has ended its turn', async () => {
    const id = await begin('work', {maxCostUsd: 0.5});
    const run = fakes.runner.of('work');
    await step(run, usage(0.6), true);
    expect((await view(id)).delegation.state.status).toBe('running');
    run.complete('The answer.', {...NO_STATS, usage: usage(0.6)});
    await settled();
    expect((await view(id)).delegation.state.status).toBe('completed');
  });

  it('ends one that goes on after all', async () => {
    const id = await begin('work', {maxCostUsd: 0.5});
    const run = fakes.runner.of('work');
    await step(run, usage(0.6), true);
    await step(run, usage(0.6));
    expect((await view(id)).delegation.state).toMatchObject({status: 'error', atLimit: 'cost'});
  });

  it('completes one that had answered when it was stopped', async () => {
    const id = await begin('work', {maxCostUsd: 0.5});
    const run = fakes.runner.of('work');
    run.isAnswered = true;
    await step(run, usage(0.6));
    expect((await view(id)).delegation.state).toMatchObject({status: 'completed'});
  });

  it('ends one that was to go on with what it was told after that', async () => {
    const id = await begin('work', {maxCostUsd: 0.5});
    const run = fakes.runner.of('work');
    await fakes.delegations.tell('project', id, 'In French');
    [run.isAnswered, run.isGoingOn] = [true, true];
    await step(run, usage(0.6));
    expect((await view(id)).delegation).toMatchObject({
      text: 'So far.',
      state: {
        status: 'error',
        atLimit: 'cost',
        error: expect.stringContaining('It reached its limit of $0.50'),
      },
    });
  });

  it('is at most what the settings say, and the answer says which', async () => {
    start({costUsd: 1});
    const asked = await fakes.delegations.delegate(request({maxCostUsd: 5}));
    expect(asked.delegation).toMatchObject({
      ceilings: {costUsd: 1},
      notes: ['Its limit is $1.00, as OPENCODE_DELEGATE_MAX_COST_USD says, and not $5.00.'],
    });
    const less = await fakes.delegations.delegate(request({maxCostUsd: 0.2}));
    expect(less.delegation).toMatchObject({ceilings: {costUsd: 0.2}});
    expect(less.delegation.notes?.join()).not.toContain('limit');
  });

  it('holds nothing where no price is known, which is said', async () => {
    fakes.catalog.isPriced = false;
    const {delegation} = await fakes.delegations.delegate(request({maxCostUsd: 5}));
    expect(delegation.notes).toEqual([expect.stringMatching(/^OpenCode knows no price for scripted\/model/)]);
    const other = await fakes.delegations.delegate(request({maxTokens: 5}));
    expect(other.delegation.notes?.join()).not.toContain('price');
  });

  it.each([
    [{maxCostUsd: -1}, 'max_cost_usd must be more than 0, and is -1.'],
    [{maxCostUsd: 0}, 'max_cost_usd must be more than 0, and is 0.'],
    [{maxCostUsd: Number.NaN}, 'max_cost_usd must be a number of US dollars, as 0.5, and is NaN.'],
    [{maxCostUsd: 1e9}, 'max_cost_usd must be at most 100,000 US dollars, and is 1000000000.'],
    [{maxTokens: 0.5}, 'max_tokens must be at least 1, and is 0.5.'],
    [{maxTokens: 1e15}, 'max_tokens must be at most 10,000,000,000 tokens, and is 1000000000000000.'],
  ])('cannot be %j', async (given, message) => {
    await expect(fakes.delegations.delegate(request(given))).rejects.toThrow(
      new Refusal(`${message} Nothing was started.`),
    );
    expect(fakes.store.size).toBe(0);
  });
});

it('a limit of tokens ends a running delegation', async () => {
  const id = await begin('work', {maxTokens: 1_000});
  await step(fakes.runner.of('work'), usage(0, 1_200));
  expect((await view(id)).delegation.state).toMatchObject({
    atLimit: 'tokens',
    error: expect.stringMatching(/^It reached its limit of 1,000 tokens: it had used 1,200\./),
  });
});

describe('a delegation that ended at its limit', () => {
  it('goes on without a prompt, counts from 0 and keeps its limit unless another is given', async () => {
    const id = await begin('work', {maxCostUsd: 0.5});
    await fakes.runner.of('work').observer.sessionOpened('ses_1');
    await step(fakes.runner.of('work'), usage(0.6));
    const next = await fakes.delegations.continue({...request(), id, prompt: '', directory});
    expect(next.delegation).toMatchObject({ceilings: {costUsd: 0.5}, continues: {sessionId: 'ses_1'}});
    await settled();
    const second = fakes.runner.runs[1];
    if (second === undefined) throw new Error('it has not started');
    await step(second, usage(0.6));
    const higher = await fakes.delegations.continue({
      ...{...request(), id: next.delegation.id, prompt: '', directory},
      maxCostUsd: 2,
    });
    expect(higher.delegation).toMatchObject({ceilings: {costUsd: 2}});
    await settled();
    await step(fakes.runner.runs[2] as FakeRun, usage(0.6));
    expect((await view(higher.delegation.id)).delegation.state.status).toBe('running');
  });
});

describe('a limit of the day', () => {
  it('refuses what is new, with the sum and until when', async () => {
    start({dailyCostUsd: 10});
    fakes.store.spentElsewhere = 10.02;
    await expect(fakes.delegations.delegate(request())).rejects.toThrow(
      'Your delegations have cost $10.02 today, and OPENCODE_DELEGATE_DAILY_COST_USD is $10.00: nothing is started until 2026-12-01 00:00, by the clock of this machine.',
    );
    expect(fakes.store.size).toBe(0);
  });

  it('counts what has ended today in any project, and what runs', async () => {
    start({dailyCostUsd: 1});
    const today = new Date(2026, 10, 30, 1).getTime();
    const yesterday = new Date(2026, 10, 29, 23).getTime();
    const cost = (at: number, usd: number) => anEnd({endedAt: at, work: {...SOME_WORK, usage: usage(usd)}});
    fakes.store.put(aDelegation({id: 'a-b-c', project: 'one', state: cost(today, 0.3)}));
    fakes.store.put(aDelegation({id: 'a-b-d', project: 'two', state: cost(yesterday, 5)}));
    const running = {status: 'running', startedAt: yesterday, usage: usage(0.3)} as const;
    fakes.store.put(aDelegation({id: 'a-b-e', project: 'two', owner: GONE, state: running}));
    const id = await begin('work');
    await step(fakes.runner.of('work'), usage(0.3));
    expect(nearnessOf(await view(id))).toBe("90 % of today's $1.00");
    await step(fakes.runner.of('work'), usage(0.4));
    expect((await view(id)).delegation.state).toMatchObject({
      ...{status: 'error', atLimit: 'day'},
      error: expect.stringContaining('Your delegations have cost $1.00 today'),
    });
    await expect(fakes.delegations.delegate(request())).rejects.toThrow('nothing is started until');
  });

  it('ends all that run here, and what waits when it is its turn', async () => {
    start({dailyCostUsd: 1}, 2);
    const ids = [await begin('one'), await begin('two'), await begin('three')];
    await step(fakes.runner.of('one'), usage(0.5));
    await step(fakes.runner.of('two'), usage(0.6));
    const states = await Promise.all(ids.map(async (id) => (await view(id)).delegation.state));
    expect(states).toEqual(ids.map(() => expect.objectContaining({status: 'error', atLimit: 'day'})));
    expect(states[2]).toMatchObject({error: expect.stringMatching(/^It was its turn to start\. Your /)});
    expect(fakes.runner.prompts).toEqual(['one', 'two']);
  });

  it('is new at midnight', async () => {
    start({dailyCostUsd: 1});
    await begin('one');
    await step(fakes.runner.of('one'), usage(1.5));
    await expect(fakes.delegations.delegate(request())).rejects.toThrow('nothing is started until');
    vi.setSystemTime(new Date(2026, 11, 1, 0, 0, 1));
    await expect(fakes.delegations.delegate(request())).resolves.toBeDefined();
  });

  it('counts what runs over midnight whole in the new day', async () => {
    start({dailyCostUsd: 2});
    await begin('one');
    await step(fakes.runner.of('one'), usage(1.5));
    vi.setSystemTime(new Date(2026, 11, 1, 0, 0, 1));
    const id = await begin('two');
    await step(fakes.runner.of('two'), usage(0.6));
    expect((await view(id)).delegation.state).toMatchObject({atLimit: 'day'});
  });
});

it('what was used is on disk a moment later, for other processes and after a crash', async () => {
  const id = await begin('work');
  await step(fakes.runner.of('work'), usage(0.1));
  await step(fakes.runner.of('work'), usage(0.2));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(fakes.store.stored(id)?.state).toMatchObject({status: 'running', usage: {cost: 0.2}});
});
