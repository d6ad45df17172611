import fc from 'fast-check';
import {describe, expect, it, test} from 'vitest';
import {type Ended, hasEnded, NO_STATS, OUTCOMES, type State} from '../../src/delegation/model/delegation.ts';
import {type LifecycleEvent, transition} from '../../src/delegation/model/lifecycle.ts';
import {anEnd, SOME_WORK} from '../support/fakes.ts';

const REGISTERED: State = {status: 'registered'};
const QUEUED: State = {status: 'queued'};
const RUNNING: State = {status: 'running', startedAt: 1_000};
const IN_SESSION: State = {status: 'running', startedAt: 1_000, sessionId: 'ses_1'};
const ENDS: readonly Ended[] = OUTCOMES.map((status) => anEnd({status}));

const ENQUEUED = {type: 'enqueued'} as const;
const STARTED = {type: 'started', at: 2_000} as const;
const ASKS = [{kind: 'permission', what: 'permission bash: rm', detail: 'rm', number: 1, until: 9}] as const;
const BLOCKED = {type: 'blocked', asks: ASKS} as const;
const FREED = {type: 'blocked', asks: []} as const;
const NOTHING_SENT = {type: 'nothing-sent'} as const;
const USED = {type: 'used', usage: SOME_WORK.usage} as const;
const SESSION_OPENED = {type: 'session-opened', sessionId: 'ses_2'} as const;
const end = (outcome: Ended['status'], error?: string) =>
  ({
    type: 'ended',
    outcome,
    at: 3_000,
    work: SOME_WORK,
    ...(error !== undefined && {error}),
  }) as const;
const EVENTS: readonly LifecycleEvent[] = [
  ENQUEUED,
  STARTED,
  SESSION_OPENED,
  BLOCKED,
  FREED,
  NOTHING_SENT,
  ...OUTCOMES.map((outcome) => end(outcome)),
  USED,
];

const ENDED = {endedAt: 3_000, work: SOME_WORK};
const ENDED_RUN = {...ENDED, startedAt: 1_000};
const ENDED_SESSION = {...ENDED_RUN, sessionId: 'ses_1'};
/** The event changes nothing. */
const SAME = 'same';

/** Each state's answer to each event, in the order of EVENTS. */
const TABLE: readonly {name: string; state: State; becomes: readonly (State | typeof SAME)[]}[] = [
  {
    name: 'registered',
    state: REGISTERED,
    becomes: [
      QUEUED,
      {status: 'running', startedAt: 2_000},
      SAME,
      SAME,
      SAME,
      SAME,
      SAME,
      {status: 'error', ...ENDED},
      {status: 'cancelled', ...ENDED},
      SAME,
      {status: 'interrupted', ...ENDED},
      SAME,
    ],
  },
  {
    name: 'queued',
    state: QUEUED,
    becomes: [
      SAME,
      {status: 'running', startedAt: 2_000},
      SAME,
      SAME,
      SAME,
      SAME,
      SAME,
      {status: 'error', ...ENDED},
      {status: 'cancelled', ...ENDED},
      SAME,
      {status: 'interrupted', ...ENDED},
      SAME,
    ],
  },
  {
    name: 'running',
    state: RUNNING,
    becomes: [
      SAME,
      SAME,
      {status: 'running', startedAt: 1_000, sessionId: 'ses_2'},
      {status: 'running', startedAt: 1_000, asks: ASKS},
      SAME,
      QUEUED,
      {status: 'completed', ...ENDED_RUN},
      {status: 'error', ...ENDED_RUN},
      {status: 'cancelled', ...ENDED_RUN},
      {status: 'timeout', ...ENDED_RUN},
      {status: 'interrupted', ...ENDED_RUN},
      {...RUNNING, usage: SOME_WORK.usage},
    ],
  },
  {
    name: 'running in a session',
    state: IN_SESSION,
    becomes: [
      SAME,
      SAME,
      {...IN_SESSION, sessionId: 'ses_2'},
      {...IN_SESSION, asks: ASKS},
      SAME,
      QUEUED,
      {status: 'completed', ...ENDED_SESSION},
      {status: 'error', ...ENDED_SESSION},
      {status: 'cancelled', ...ENDED_SESSION},
      {status: 'timeout', ...ENDED_SESSION},
      {status: 'interrupted', ...ENDED_SESSION},
      {...IN_SESSION, usage: SOME_WORK.usage},
    ],
  },
  {
    name: 'blocked',
    state: {...IN_SESSION, asks: ASKS},
    becomes: [
      SAME,
      SAME,
      {...IN_SESSION, sessionId: 'ses_2', asks: ASKS},
      SAME,
      IN_SESSION,
      QUEUED,
      {status: 'completed', ...ENDED_SESSION},
      {status: 'error', ...ENDED_SESSION},
      {status: 'cancelled', ...ENDED_SESSION},
      {status: 'timeout', ...ENDED_SESSION},
      {status: 'interrupted', ...ENDED_SESSION},
      {...IN_SESSION, asks: ASKS, usage: SOME_WORK.usage},
    ],
  },
  ...ENDS.map((state) => ({
    name: state.status,
    state,
    becomes: EVENTS.map(() => SAME as typeof SAME),
  })),
];

function nameOf(event: LifecycleEvent): string {
  return event === FREED ? 'blocked no more' : event.type;
}

describe('the transition table', () => {
  const rows = TABLE.flatMap(({name, state, becomes}) =>
    EVENTS.map((event, n) => {
      const expected = becomes[n] ?? SAME;
      const told = event.type === 'ended' ? `the end ${event.outcome}` : nameOf(event);
      return {
        state,
        event,
        expected,
        title: `${told} ${expected === SAME ? `leaves ${name} as it is` : `makes ${name} ${expected.status}`}`,
      };
    }),
  );

  test.each(rows)('$title', ({state, event, expected}) => {
    const next = transition(state, event);
    if (expected === SAME) expect(next).toBe(state);
    else expect(next).toStrictEqual(expected);
  });

  it('has an answer for every event in every state', () => {
    for (const {becomes} of TABLE) expect(becomes).toHaveLength(EVENTS.length);
    expect(rows).toHaveLength(10 * 12);
  });
});

describe('how long it ran', () => {
  const HOUR = 60 * 60_000;
  const endedAfter = (ranMs: number, at: number) =>
    transition(RUNNING, {type: 'ended', outcome: 'completed', work: NO_STATS, at, ranMs});

  it.each([
    ['is what the clock says where nobody has set it', 5_000, 6_000, 1_000],
    ['is not made longer where the clock was set forward', 5_000, 6_000 + 2 * HOUR, 1_000 + 2 * HOUR],
    ['is not made nothing where the clock was set back', 5_000, 6_000 - HOUR, 1_000 - HOUR],
    ['is what it was where the clock is a little off', 5_000, 7_500, 1_000],
  ])('%s', (_, ranMs, endedAt, startedAt) => {
    expect(endedAfter(ranMs, endedAt)).toMatchObject({startedAt, endedAt});
  });
});

describe('an end', () => {
  it('keeps the error that it was given', () => {
    expect(transition(RUNNING, end('error', 'The provider said 429.'))).toMatchObject({
      status: 'error',
      error: 'The provider said 429.',
    });
  });

  it('has no error key when there was no error', () => {
    expect(transition(RUNNING, end('completed'))).not.toHaveProperty('error');
  });

  it('has no start and no session when nothing ran', () => {
    const cancelled = transition(QUEUED, end('cancelled'));
    expect(cancelled).not.toHaveProperty('startedAt');
    expect(cancelled).not.toHaveProperty('sessionId');
  });
});

const anEvent: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.constant<LifecycleEvent>(ENQUEUED),
  fc.record({type: fc.constant('started' as const), at: fc.nat()}),
  fc.record({type: fc.constant('session-opened' as const), sessionId: fc.string()}),
  fc.constantFrom<LifecycleEvent>(BLOCKED, FREED),
  fc.record(
    {
      type: fc.constant('ended' as const),
      outcome: fc.constantFrom(...OUTCOMES),
      at: fc.nat(),
      work: fc.constantFrom(NO_STATS, SOME_WORK),
      error: fc.string(),
    },
    {requiredKeys: ['type', 'outcome', 'at', 'work']},
  ),
);
/** Any order, with events that come twice. */
const events = fc
  .array(anEvent, {maxLength: 20})
  .chain((some) => fc.shuffledSubarray([...some, ...some], {minLength: some.length}));

function statesOf(sequence: readonly LifecycleEvent[]): readonly State[] {
  const states: State[] = [REGISTERED];
  for (const event of sequence) states.push(transition(states.at(-1) ?? REGISTERED, event));
  return states;
}

describe('any sequence of events', () => {
  it('has one end at the most: the first wins and nothing changes after it', () => {
    fc.assert(
      fc.property(events, (sequence) => {
        const states = statesOf(sequence);
        const first = states.findIndex(hasEnded);
        if (first === -1) return;
        const event = sequence[first - 1];
        expect(event).toMatchObject({type: 'ended', outcome: states[first]?.status});
        for (const later of states.slice(first)) expect(later).toBe(states[first]);
      }),
    );
  });

  it('never lets complete or time out what never ran', () => {
    fc.assert(
      fc.property(events, (sequence) => {
        const last = statesOf(sequence).at(-1);
        const ran = sequence.some(({type}) => type === 'started');
        if (last?.status === 'completed' || last?.status === 'timeout') {
          expect(ran).toBe(true);
          expect(last.startedAt).toBeDefined();
        }
        if (!ran)
          expect(['registered', 'queued', 'error', 'cancelled', 'interrupted']).toContain(last?.status);
      }),
    );
  });

  it('never goes back', () => {
    const order = ['registered', 'queued', 'running'];
    const rank = (state: State | undefined) => (state && !hasEnded(state) ? order.indexOf(state.status) : 3);
    fc.assert(
      fc.property(events, (sequence) => {
        const states = statesOf(sequence);
        for (const [n, state] of states.entries()) {
          if (n > 0) expect(rank(state)).toBeGreaterThanOrEqual(rank(states[n - 1]));
        }
      }),
    );
  });

  it('gives a new object if and only if something has changed', () => {
    fc.assert(
      fc.property(events, (sequence) => {
        let state: State = REGISTERED;
        for (const event of sequence) {
          const before = structuredClone(state);
          const next = transition(state, event);
          expect(state).toStrictEqual(before);
          if (next !== state) expect(next).not.toStrictEqual(state);
          state = next;
        }
      }),
    );
  });
});

it('why it ended, and what has to be known of its answer, are kept in a length that can be shown', () => {
  const work = {...SOME_WORK, caveat: `Cut off. ${'x'.repeat(500_000)} Go on.`};
  const ended = transition(RUNNING, {...end('error', `Failed: ${'x'.repeat(500_000)} Try again.`), work});
  if (!hasEnded(ended)) throw new Error('it has not ended');
  expect(ended.error).toMatch(/^Failed: x+… \[[\d,]+ characters left out\] …x+ Try again\.$/);
  expect(ended.work.caveat).toMatch(/^Cut off\. x+… .* …x+ Go on\.$/);
  for (const text of [ended.error, ended.work.caveat]) expect(text?.length).toBeLessThan(2_100);
});

it('an end keeps what was known to be used where nothing could be asked any more', () => {
  const usage = {...SOME_WORK.usage, cost: 9};
  const running: State = {...RUNNING, usage};
  expect(transition(running, {...end('interrupted'), work: NO_STATS})).toMatchObject({work: {usage}});
  expect(transition({...RUNNING, usage: {...usage, cost: 0.001}}, end('completed'))).toMatchObject({
    work: SOME_WORK,
  });
});
