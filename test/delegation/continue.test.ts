import {mkdtempSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import type {Delegations} from '../../src/delegation/delegations.ts';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import type {Environment} from '../../src/delegation/model/ports.ts';
import {GO_ON} from '../../src/delegation/submit/continuation.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {
  aDelegation,
  anEnd,
  aWorktree,
  type FakeRunner,
  type FakeStore,
  type FakeWorktrees,
  GONE,
} from '../support/fakes.ts';

let store: FakeStore;
let runner: FakeRunner;
let worktrees: FakeWorktrees;
let delegations: Delegations;
let environment: Environment;

beforeEach(() => {
  ({store, runner, worktrees, delegations, environment} = fakeDelegations());
});

const source = (given: Partial<Delegation> = {}) =>
  aDelegation({directory: tmpdir(), agent: 'reviewer', model: 'p/special', state: anEnd(), ...given});

const goOn = (id: string, given: {prompt?: string; directory?: string; model?: string} = {prompt: 'More'}) =>
  delegations.continue({
    ...{project: 'project', environment, id, timeoutMinutes: 15, client: {name: 'c', version: '1'}},
    ...given,
  });

describe('continuing', () => {
  it('takes over agent, model and directory, and runs in the same session', async () => {
    store.put(source());
    const {delegation} = await goOn('swift-amber-otter');
    expect(delegation).toMatchObject({
      ...{agent: 'reviewer', model: 'p/special', directory: tmpdir(), prompt: 'More', title: 'More'},
      continues: {id: 'swift-amber-otter', sessionId: 'ses_1'},
    });
    expect(runner.of('More').request).toMatchObject({continues: 'ses_1', delegationId: delegation.id});
    expect(store.stored(delegation.id)?.continues).toEqual({id: 'swift-amber-otter', sessionId: 'ses_1'});
  });

  it('in a pool is called by what it is to do, and is told what was done first', async () => {
    store.put(
      source({
        access: 'worktree',
        worktree: aWorktree(),
        where: {is: 'pool', worker: 'big'},
        prompt: 'Add a test',
        text: 'Added.',
      }),
    );
    environment = {...environment, pool: {environment: {...environment, where: 'pool'}, isDefault: false}};
    const {delegation} = await goOn('swift-amber-otter', {prompt: 'Make it quicker. Then stop.'});
    expect(delegation.title).toBe('Make it quicker');
    expect(delegation.prompt).toMatch(
      /^You go on with.*Add a test.*Added\..*Make it quicker\. Then stop\.$/s,
    );
  });

  it('takes the same directory through a link and with a trailing slash', async () => {
    const base = mkdtempSync(join(tmpdir(), 'opencode-delegate-link-'));
    onTestFinished(() => rmSync(base, {recursive: true}));
    const link = join(base, 'link');
    symlinkSync(tmpdir(), link);
    for (const directory of [link, `${tmpdir()}/`]) {
      store.put(source());
      const {delegation} = await goOn('swift-amber-otter', {prompt: 'More', directory});
      expect(delegation.directory).toBe(tmpdir());
      await delegations.cancel('project', delegation.id);
    }
    await expect(goOn('swift-amber-otter', {prompt: 'More', directory: base})).rejects.toThrow(/stays there/);
  });

  it('of an interrupted one needs no prompt, and keeps its title', async () => {
    store.put(source({state: anEnd({status: 'interrupted'})}));
    const {delegation} = await goOn('swift-amber-otter', {});
    expect(delegation).toMatchObject({prompt: GO_ON, title: 'A title'});
  });

  it('of a continuation that never opened its session goes on in the one it was for', async () => {
    const {sessionId: _, startedAt: __, ...never} = anEnd({status: 'cancelled'});
    store.put(source({state: never, continues: {id: 'old-grey-owl', sessionId: 'ses_0'}}));
    const {delegation} = await goOn('swift-amber-otter');
    expect(delegation.continues).toEqual({id: 'swift-amber-otter', sessionId: 'ses_0'});
  });

  it('is refused where there never was a session, where it is gone, and where OpenCode knows it no longer', async () => {
    const {sessionId: _, startedAt: __, ...never} = anEnd({status: 'cancelled'});
    store.put(source({state: never}));
    await expect(goOn('swift-amber-otter')).rejects.toThrow(/never had a session.*Delegate it again/);
    store.put(source());
    runner.goneSessions.add('ses_1');
    await expect(goOn('swift-amber-otter')).rejects.toThrow(/no longer has the session.*ses_1/);
    expect(runner.runs).toEqual([]);
  });

  it('of one that worked in a worktree goes on there', async () => {
    store.put(source({access: 'worktree', worktree: aWorktree({outcome: {is: 'removed'}})}));
    const {delegation} = await goOn('swift-amber-otter');
    await delegations.cancel('project', delegation.id);
    expect(worktrees.asked).toEqual([
      'reopen /worktrees/swift-amber-otter',
      'settle /worktrees/swift-amber-otter',
    ]);
    expect(runner.of('More').request).toMatchObject({
      ...{directory: '/worktrees/swift-amber-otter', checkout: '/somewhere', continues: 'ses_1'},
    });
    expect(store.stored(delegation.id)?.worktree?.path).toBe('/worktrees/swift-amber-otter');
  });

  it('of one whose worktree was dropped is refused', async () => {
    store.put(source({access: 'worktree', worktree: aWorktree()}));
    worktrees.refusal = new Refusal('it was dropped');
    await expect(goOn('swift-amber-otter')).rejects.toThrow('it was dropped');
    expect(runner.runs).toEqual([]);
  });

  it('is refused while another process goes on in the same session', async () => {
    store.put(source());
    const other = aDelegation({
      ...{id: 'other-red-fox', state: {status: 'queued'}, createdAt: 1},
      continues: {id: 'swift-amber-otter', sessionId: 'ses_1'},
    });
    store.put(other);
    await expect(goOn('swift-amber-otter')).rejects.toThrow(/is in use: other-red-fox.*\(queued\)/);
    store.put({...other, state: {status: 'running', startedAt: 5, sessionId: 'ses_1'}});
    await expect(goOn('swift-amber-otter')).rejects.toThrow(/is in use: other-red-fox.*\(running\)/);
    store.put({...other, state: anEnd()});
    expect((await goOn('swift-amber-otter')).delegation.continues?.sessionId).toBe('ses_1');
  });

  it('by two at the same time is done by one', async () => {
    store.put(source());
    const both = await Promise.allSettled([goOn('swift-amber-otter'), goOn('swift-amber-otter')]);
    expect(both.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(runner.runs).toHaveLength(1);
  });
});

describe('recovery of a continued delegation whose process is gone', () => {
  it('looks into the session that it went on in, as one that has earlier messages', async () => {
    const id = 'other-red-fox';
    const continues = {id: 'swift-amber-otter', sessionId: 'ses_1'};
    store.put(aDelegation({id, owner: GONE, state: {status: 'running', startedAt: 1}, continues}));
    await delegations.get('project', id);
    expect(runner.lost).toMatchObject([{delegationId: id, sessionId: 'ses_1', isContinued: true}]);
  });

  it('notes what nobody had answered, and what nobody could be asked', async () => {
    const id = 'other-red-fox';
    const nobody = {number: 1, what: 'permission bash: a', verdict: 'nobody' as const, at: 1};
    const ask = {kind: 'permission' as const, number: 2, what: 'permission bash: b', detail: 'b', until: 9};
    const state = {status: 'running' as const, startedAt: 1, asks: [ask]};
    store.put(aDelegation({id, owner: GONE, state, decisions: [nobody]}));
    const {delegation} = await delegations.get('project', id);
    expect(delegation.decisions).toMatchObject([nobody, {number: 2, what: ask.what, verdict: 'unanswered'}]);
    expect(delegation.state).toMatchObject({status: 'interrupted', work: {refused: ['permission bash: a']}});
  });
});
