import {tmpdir} from 'node:os';
import {beforeEach, describe, expect, it} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import type {Delegations} from '../../src/delegation/delegations.ts';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import type {Environment} from '../../src/delegation/model/ports.ts';
import type {DelegationView} from '../../src/delegation/model/view.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {
  aDelegation,
  anEnd,
  aWorktree,
  type FakeLog,
  type FakeRunner,
  type FakeStore,
  type FakeWorktrees,
  GONE,
  HERE,
  SOME_WORK,
} from '../support/fakes.ts';

const KEPT = {is: 'kept', commit: 'beef', diffstat: '1 file changed', notes: []} as const;

let runner: FakeRunner;
let store: FakeStore;
let worktrees: FakeWorktrees;
let log: FakeLog;
let delegations: Delegations;
let environment: Environment;

beforeEach(() => {
  ({runner, store, worktrees, log, delegations, environment} = fakeDelegations());
});

/** Lets everything happen that needs no time. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function delegate(): Promise<DelegationView> {
  const view = await delegations.delegate({
    ...{project: 'project', environment, directory: tmpdir(), prompt: 'work', timeoutMinutes: 15},
    access: 'worktree',
    client: {name: 'c', version: '1'},
  });
  await settled();
  return view;
}

describe('a delegation in a worktree', () => {
  it('says what is to be known about it, and works there', async () => {
    const {delegation} = await delegate();
    expect(delegation.notes).toEqual(['A note.']);
    expect(runner.of('work').request).toMatchObject({
      access: 'worktree',
      directory: `/worktrees/${delegation.id}`,
      checkout: tmpdir(),
    });
  });

  it('is on disk with its place before anything is made there', async () => {
    worktrees.openGate.hold();
    const {delegation} = await delegate();
    expect(store.stored(delegation.id)?.worktree?.path).toBe(`/worktrees/${delegation.id}`);
    expect(runner.runs).toEqual([]);
    worktrees.openGate.release();
    await settled();
    expect(runner.runs).toHaveLength(1);
  });

  it('is not registered where none can be made', async () => {
    worktrees.refusal = new Refusal('no repository');
    await expect(delegate()).rejects.toThrow('no repository');
    expect(store.size).toBe(0);
  });

  it('has stopped before its work is brought home, and that is told with its end', async () => {
    worktrees.outcome = KEPT;
    worktrees.filesChanged = ['by-bash.txt', 'src/a.ts'];
    const {delegation} = await delegate();
    const run = runner.of('work');
    run.stopGate.hold();
    run.complete('done', SOME_WORK);
    await settled();
    expect(worktrees.asked).toEqual([`open /worktrees/${delegation.id}`]);
    run.stopGate.release();
    const ended = await delegations.wait({project: 'project', id: delegation.id, ms: 1_000});
    expect(worktrees.asked.at(-1)).toBe(`settle /worktrees/${delegation.id} src/a.ts`);
    expect(ended.delegation).toMatchObject({
      worktree: {outcome: KEPT},
      state: {status: 'completed', work: {filesChanged: ['by-bash.txt', 'src/a.ts']}},
    });
    expect(store.stored(delegation.id)?.worktree?.outcome).toEqual(KEPT);
  });

  it('is brought home after a cancel as well, once', async () => {
    worktrees.outcome = KEPT;
    const {delegation} = await delegate();
    runner.of('work').produce('half');
    worktrees.settleGate.hold();
    const cancelled = delegations.cancel('project', delegation.id);
    await settled();
    runner.of('work').complete('too late');
    worktrees.settleGate.release();
    expect((await cancelled).delegation).toMatchObject({
      text: 'half',
      worktree: {outcome: KEPT},
      state: {status: 'cancelled'},
    });
    expect(worktrees.asked.filter((line) => line.startsWith('settle'))).toHaveLength(1);
  });

  it('ends as an error when its worktree cannot be made', async () => {
    worktrees.openError = new Error('git says no');
    const {delegation} = await delegate();
    const {state} = (await delegations.get('project', delegation.id)).delegation;
    expect(state).toMatchObject({status: 'error', error: 'Its worktree could not be made: git says no.'});
    expect(runner.runs).toEqual([]);
  });

  it('can be cancelled while its worktree is being made', async () => {
    worktrees.openGate.hold();
    const {delegation} = await delegate();
    const ended = await delegations.cancel('project', delegation.id);
    expect(ended.delegation.state).toMatchObject({
      status: 'cancelled',
      error: 'It was cancelled on request.',
    });
    expect(runner.runs).toEqual([]);
  });
});

describe('after a crash', () => {
  const running = (given: Partial<Delegation> = {}) =>
    aDelegation({
      ...{owner: GONE, access: 'worktree', worktree: aWorktree()},
      state: {status: 'running', startedAt: 1, sessionId: 'ses_1'},
      ...given,
    });
  const left = {project: 'project', id: 'swift-amber-otter'};

  it('the work of a delegation that ran is brought home, from where it ran', async () => {
    worktrees.outcome = KEPT;
    worktrees.left = [left];
    store.put(running());
    await delegations.recover();
    expect(runner.lost[0]?.directory).toBe('/worktrees/swift-amber-otter');
    expect(store.stored(left.id)).toMatchObject({state: {status: 'interrupted'}, worktree: {outcome: KEPT}});
    expect(worktrees.asked).toEqual(['settle /worktrees/swift-amber-otter']);
  });

  it('a worktree whose record is gone is settled, and named where it is kept', async () => {
    worktrees.outcome = KEPT;
    worktrees.left = [left];
    worktrees.known.set(left.id, aWorktree());
    await delegations.recover();
    expect(worktrees.asked).toEqual(['settle /worktrees/swift-amber-otter']);
    expect(log.lines.join('\n')).toContain(
      'it is kept in /worktrees/swift-amber-otter, on branch delegation/',
    );
  });

  it('one of a delegation that has ended without settling it is settled, and the record says so', async () => {
    worktrees.left = [left];
    store.put(running({state: anEnd({status: 'error'})}));
    await delegations.recover();
    expect(store.stored(left.id)?.worktree?.outcome).toEqual({is: 'removed'});
  });

  it('what is left of the making of one is removed, unless somebody runs it or goes on in it', async () => {
    const underWay = ['swift-amber-otter', 'ended-amber-otter', 'open-amber-otter', 'used-amber-otter'];
    worktrees.left = [
      ...underWay.map((id) => ({project: 'project', id, isUnderWay: true as const})),
      {project: 'project', id: 'kept-amber-otter'},
    ];
    const state = anEnd();
    const at = (id: string) => aWorktree({path: `/worktrees/${id}`, outcome: KEPT});
    store.put(running({id: 'ended-amber-otter', state, worktree: at('ended-amber-otter')}));
    store.put(running({id: 'open-amber-otter', owner: HERE, worktree: at('open-amber-otter')}));
    store.put(running({id: 'used-amber-otter', state, worktree: at('used-amber-otter')}));
    store.put(running({id: 'later-amber-otter', owner: HERE, worktree: at('used-amber-otter')}));
    store.put(running({id: 'kept-amber-otter', state, worktree: at('kept-amber-otter')}));
    await delegations.recover();
    expect(worktrees.asked).toEqual(['clear swift-amber-otter', 'clear ended-amber-otter']);
  });

  it('one that was settled, or that somebody works in, is left alone', async () => {
    worktrees.left = [
      left,
      {project: 'project', id: 'other-amber-otter'},
      {project: 'project', id: 'gone-amber-otter'},
    ];
    store.put(running({state: anEnd(), worktree: aWorktree({outcome: KEPT})}));
    const path = '/worktrees/other-amber-otter';
    store.put(running({id: 'other-amber-otter', owner: HERE, worktree: aWorktree({path})}));
    worktrees.known.set('gone-amber-otter', aWorktree({path}));
    await delegations.recover();
    expect(worktrees.asked).toEqual([]);
  });
});

it('one of a pool that nobody can be asked about is cancelled without a look at places of this machine', async () => {
  const state = {status: 'running', startedAt: 1} as const;
  const owner = {...GONE, sessions: 'pool:another'};
  store.put(aDelegation({owner, state, where: {is: 'pool'}, access: 'worktree', worktree: aWorktree()}));
  const {delegation} = await delegations.cancel('project', 'swift-amber-otter');
  expect(delegation.state).toMatchObject({
    status: 'cancelled',
    error: expect.stringContaining('its worker goes on until this machine reaches the pool again'),
  });
  // Without a commit: it is not forgotten in the pool.
  expect(delegation.worktree?.outcome).toMatchObject({
    ...{is: 'kept', diffstat: ''},
    notes: [expect.stringContaining('on no branch here')],
  });
  expect(worktrees.asked).toEqual([]);
});
