import {afterEach, beforeEach, expect, it} from 'vitest';
import {PoolWorktrees} from '../../src/pool/client/worktrees.ts';
import {PoolUnreachable} from '../../src/pool/queue/errors.ts';
import {aWorktree} from '../support/fakes.ts';
import {aRequest, NotingObserver, PoolClientStage} from '../support/pool-client.ts';

const COMMIT = '2'.repeat(40);

let stage: PoolClientStage;
beforeEach(() => {
  stage = new PoolClientStage();
});
afterEach(() => stage.close());

it('a branch that the network has cut off on its way home is asked for again', async () => {
  const {runner, link} = stage.runner();
  const run = runner.start(aRequest(), new NotingObserver());
  await stage.worker((at) => at.gives({harvest: {commit: COMMIT, bytes: 3, sha256: '0'.repeat(64)}}));
  await run.end;
  let times = 0;
  const worktrees = new PoolWorktrees({
    ...{link, ledger: stage.ledger, root: '/worktrees'},
    code: {
      depart: () => Promise.reject(new Error('nothing departs here')),
      departWhole: () => Promise.reject(new Error('nothing departs here')),
      readyHome: () => Promise.reject(new Error('nothing comes home here')),
      commitOf: async () => undefined,
      async bringHome(_, {branch}) {
        times += 1;
        if (times === 1) throw new PoolUnreachable('The network was cut.');
        return {branch, commit: COMMIT, diffstat: '1 file changed', filesChanged: ['a.txt'], notes: []};
      },
    },
  });
  const work = {id: 'swift-amber-otter', project: 'shop', title: 'Do it', files: []};
  expect(await worktrees.settle(aWorktree(), work)).toMatchObject({
    worktree: {outcome: {is: 'kept', commit: COMMIT, notes: []}},
    filesChanged: ['a.txt'],
  });
  expect(times).toBe(2);
});
