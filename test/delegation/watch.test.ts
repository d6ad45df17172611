import {tmpdir} from 'node:os';
import {expect, it, vi} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';

import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, GONE} from '../support/fakes.ts';

function start() {
  const {store, runner, delegations, environment} = fakeDelegations();
  const delegate = (prompt: string) =>
    delegations.delegate({
      ...{project: 'project', environment, directory: tmpdir(), prompt, timeoutMinutes: 15},
      client: {name: 'c', version: '1'},
    });
  return {store, runner, delegations, delegate};
}

it('who watches is told that a delegation has come, and that it has ended once that is on disk', async () => {
  const {store, runner, delegations, delegate} = start();
  const told: string[] = [];
  const ended = new Promise<Delegation>((resolve) => {
    delegations.watch((delegation) => {
      told.push(`${delegation.state.status}, stored as ${store.stored(delegation.id)?.state.status}`);
      if (delegation.text !== '') resolve(delegation);
    });
  });
  const {delegation} = await delegate('work');
  expect(told).toHaveLength(1);
  await vi.waitFor(() => runner.of('work').complete('done'));
  expect((await ended).id).toBe(delegation.id);
  expect(told.at(-1)).toBe('completed, stored as completed');
  expect(told).toHaveLength(2);
});

it('who watches is told the end that was given to what a dead process ran', async () => {
  const {store, delegations} = start();
  store.put(aDelegation({owner: GONE, state: {status: 'running', startedAt: 1}}));
  const told: string[] = [];
  delegations.watch(({id, state}) => told.push(`${id} ${state.status}`));
  await delegations.list('project');
  await delegations.list('project');
  expect(told).toEqual(['swift-amber-otter interrupted']);
});

it('who has stopped to watch is told nothing', async () => {
  const {delegations, delegate} = start();
  const told: Delegation[] = [];
  const unwatch = delegations.watch((delegation) => told.push(delegation));
  unwatch();
  await delegate('work');
  expect(told).toEqual([]);
  await delegations.close();
});
