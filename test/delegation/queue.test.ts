import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {LiveDelegation} from '../../src/delegation/live/live.ts';
import {NO_PRODUCT} from '../../src/delegation/model/run.ts';
import {type LaneLimits, Queue} from '../../src/delegation/run/queue.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, FakeLog, FakeStore} from '../support/fakes.ts';

const MINUTE = 60_000;

let queue: Queue;
/** What runs, and how to end it, in the order in which it started. */
let running: Map<string, () => void>;
let lives: Map<string, LiveDelegation>;

interface Given {
  readonly concurrency?: number;
  readonly limits?: Record<string, number>;
  readonly now?: () => number;
}

function make({concurrency = 8, limits = {}, now = Date.now}: Given = {}) {
  const laneLimits: LaneLimits = new Map(Object.entries(limits));
  queue = new Queue({concurrency, limits: laneLimits, now});
  running = new Map();
  lives = new Map();
}

/** Queues a delegation to that model, named by the prompt. */
function add(prompt: string, model = 'acme/one', client = 'a client'): void {
  const {environment} = fakeDelegations();
  const record = aDelegation({prompt, model, id: `a-b-${prompt}`, client: {name: client, version: ''}});
  const live = new LiveDelegation(record, environment, {
    store: new FakeStore(),
    log: new FakeLog(),
    now: Date.now,
    uptime: Date.now,
  });
  live.enqueued();
  lives.set(prompt, live);
  void queue.add(live, () => new Promise((resolve) => running.set(prompt, resolve)));
}

function get(prompt: string): LiveDelegation {
  const live = lives.get(prompt);
  if (live === undefined) throw new Error(`${prompt} was not queued`);
  return live;
}

const settled = () => vi.advanceTimersByTimeAsync(0);

async function finish(prompt: string): Promise<void> {
  const end = running.get(prompt);
  if (end === undefined) throw new Error(`${prompt} does not run`);
  running.delete(prompt);
  end();
  await settled();
}

const names = () => [...running.keys()];

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.UTC(2026, 0, 2, 14, 0)});
  make();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('clients', () => {
  it('take turns: nobody stands behind all that another one has queued', async () => {
    make({concurrency: 1});
    for (let n = 1; n <= 1_000; n++) add(`a${n}`, 'acme/one', 'a');
    add('b1', 'acme/one', 'b');
    add('b2', 'acme/one', 'b');
    expect(queue.waiting(get('b1'))?.place).toBe(2);
    expect(queue.waiting(get('a1000'))?.place).toBe(1_001);
    for (const next of ['a2', 'b1', 'a3', 'b2', 'a4']) {
      await finish(names()[0] ?? '');
      expect(names()).toEqual([next]);
    }
  });

  it('who have waited for nothing for long gain nothing by it, and lose nothing', async () => {
    make({concurrency: 1});
    for (const prompt of ['a1', 'a2', 'a3', 'a4']) add(prompt, 'acme/one', 'a');
    await finish('a1');
    await finish('a2');
    for (const prompt of ['b1', 'b2', 'b3']) add(prompt, 'acme/one', 'b');
    const order: (string | undefined)[] = [];
    for (const _ of ['b1', 'a4', 'b2', 'b3']) {
      await finish(names()[0] ?? '');
      order.push(names()[0]);
    }
    expect(order).toEqual(['b1', 'a4', 'b2', 'b3']);
  });
});

describe('a lane', () => {
  it('that is full holds up nobody but its own, and keeps their order', async () => {
    make({limits: {acme: 1}});
    for (const prompt of ['a1', 'a2', 'a3']) add(prompt, 'acme/one');
    for (const prompt of ['b1', 'b2']) add(prompt, 'best/one');
    expect(names()).toEqual(['a1', 'b1', 'b2']);
    expect(queue.waiting(get('a3'))).toEqual({
      place: 2,
      reason: {is: 'lane full', lane: 'acme', limit: 1},
    });
    await finish('a1');
    expect(names()).toEqual(['b1', 'b2', 'a2']);
    expect(queue.waiting(get('a2'))).toBeUndefined();
  });

  it('of a model is apart from that of its provider', () => {
    make({limits: {acme: 1, 'acme/two/large': 2}});
    for (const prompt of ['p1', 'p2']) add(prompt, 'acme/one');
    for (const prompt of ['m1', 'm2', 'm3']) add(prompt, 'acme/two/large');
    expect(names()).toEqual(['p1', 'm1', 'm2']);
  });

  it('gives way to the total limit, which says so', () => {
    make({concurrency: 2, limits: {acme: 5}});
    for (const prompt of ['a', 'b', 'c']) add(prompt);
    expect(names()).toEqual(['a', 'b']);
    expect(queue.waiting(get('c'))?.reason).toEqual({is: 'all slots taken', limit: 2});
  });

  it('lets the next one in when one that waited is cancelled', async () => {
    make({concurrency: 1});
    for (const prompt of ['a', 'b', 'c']) add(prompt);
    await get('b').end({outcome: 'cancelled', product: NO_PRODUCT});
    expect(queue.waiting(get('c'))?.place).toBe(1);
    await finish('a');
    expect(names()).toEqual(['c']);
  });
});

describe('a provider that has had too much', () => {
  it('is not held for ever where the provider may be asked again just as it is looked at', async () => {
    const until = Date.now() + MINUTE;
    let sinceLimit = -1;
    // Time goes on between two looks: the first one after a minute is a millisecond early, the second one on time.
    make({now: () => (sinceLimit < 0 ? Date.now() : until - 1 + sinceLimit++)});
    queue.rateLimited('acme/one', until);
    add('a');
    expect(names()).toEqual([]);
    sinceLimit = 0;
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(names()).toEqual(['a']);
  });

  it('halves its lane, waits until it may be asked again, and holds up nobody else', async () => {
    for (const prompt of ['a1', 'a2', 'a3', 'a4']) add(prompt);
    const until = Date.now() + 5 * MINUTE;
    queue.rateLimited(get('a1').record.model, until);
    add('a5');
    add('b1', 'best/one');
    expect(names()).toEqual(['a1', 'a2', 'a3', 'a4', 'b1']);
    expect(queue.waiting(get('a5'))?.reason).toEqual({is: 'rate-limited', lane: 'acme', until});
    for (const prompt of ['a1', 'a2']) await finish(prompt);
    await vi.advanceTimersByTimeAsync(5 * MINUTE - 1);
    expect(names()).toEqual(['a3', 'a4', 'b1']);
    await finish('a3');
    // Two at once from now on, of which one still runs.
    await vi.advanceTimersByTimeAsync(1);
    expect(names()).toEqual(['a4', 'b1', 'a5']);
    add('a6');
    expect(queue.waiting(get('a6'))?.reason).toEqual({is: 'lane full', lane: 'acme', limit: 2});
  });

  it('grows back one at a time, with each that ends, up to its limit', async () => {
    make({limits: {acme: 4}});
    for (let n = 0; n < 12; n++) add(`a${n}`);
    queue.rateLimited(get('a0').record.model, Date.now() + MINUTE);
    await vi.advanceTimersByTimeAsync(MINUTE);
    const allowed: number[] = [];
    for (let n = 0; n < 6; n++) {
      await finish(`a${n}`);
      allowed.push(running.size);
    }
    expect(allowed).toEqual([3, 4, 4, 4, 4, 4]);
  });

  it('is halved once by all the complaints of one moment, and again by a later one', async () => {
    for (let n = 0; n < 8; n++) add(`a${n}`);
    for (let n = 0; n < 8; n++) queue.rateLimited(get(`a${n}`).record.model, Date.now() + MINUTE);
    await vi.advanceTimersByTimeAsync(MINUTE);
    for (let n = 0; n < 8; n++) await finish(`a${n}`);
    for (let n = 0; n < 20; n++) add(`b${n}`);
    expect(running.size).toBe(8);
    queue.rateLimited(get('b0').record.model, Date.now() + MINUTE);
    await vi.advanceTimersByTimeAsync(MINUTE);
    queue.rateLimited(get('b0').record.model, Date.now() + MINUTE);
    for (let n = 0; n < 6; n++) await finish(`b${n}`);
    expect(running.size).toBe(2);
    await vi.advanceTimersByTimeAsync(MINUTE);
    await finish('b6');
    expect(names()).toEqual(['b7', 'b8', 'b9']);
  });

  it('always lets one run', async () => {
    add('a');
    queue.rateLimited(get('a').record.model, Date.now() + MINUTE);
    add('b');
    await finish('a');
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(names()).toEqual(['b']);
  });
});

it('never runs more than the limits, keeps the order of each lane, and runs everything', async () => {
  const model = fc.constantFrom('acme/one', 'acme/two', 'best/one', 'cool/one');
  const step = fc.oneof(
    fc.record({do: fc.constant('add' as const), model}),
    fc.record({do: fc.constant('finish' as const), which: fc.nat(20)}),
    fc.record({do: fc.constant('limit' as const), which: fc.nat(20), ms: fc.integer({min: 1, max: MINUTE})}),
    fc.record({do: fc.constant('pass' as const), ms: fc.integer({min: 1, max: MINUTE})}),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, {maxLength: 60}), async (steps) => {
      const limits: Record<string, number> = {acme: 2, 'acme/two': 1};
      make({concurrency: 4, limits});
      const laneOf = (prompt: string) =>
        get(prompt).record.model in limits ? 'acme/two' : get(prompt).record.model.split('/')[0];
      const started: string[] = [];
      const note = () => {
        for (const name of names()) if (!started.includes(name)) started.push(name);
        expect(running.size).toBeLessThanOrEqual(4);
        for (const [lane, limit] of Object.entries(limits))
          expect(names().filter((name) => laneOf(name) === lane).length).toBeLessThanOrEqual(limit);
      };
      let added = 0;
      for (const given of steps) {
        const chosen = 'which' in given ? names()[given.which % Math.max(1, running.size)] : undefined;
        if (given.do === 'add') add(`p${added++}`, given.model);
        else if (given.do === 'pass') await vi.advanceTimersByTimeAsync(given.ms);
        else if (chosen !== undefined && given.do === 'finish') await finish(chosen);
        else if (chosen !== undefined && given.do === 'limit')
          queue.rateLimited(get(chosen).record.model, Date.now() + given.ms);
        note();
      }
      for (let round = 0; started.length < added || running.size > 0; round++) {
        expect(round).toBeLessThan(200);
        for (const name of names()) await finish(name);
        await vi.advanceTimersByTimeAsync(MINUTE);
        note();
      }
      for (const lane of ['acme', 'acme/two', 'best', 'cool']) {
        const numbers = started.filter((name) => laneOf(name) === lane).map((name) => Number(name.slice(1)));
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }
      await queue.onIdle();
    }),
    {numRuns: 150},
  );
});
