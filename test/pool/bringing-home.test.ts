import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {PoolWorktrees} from '../../src/pool/client/worktrees.ts';
import {PoolUnreachable} from '../../src/pool/queue/errors.ts';
import type {Travel} from '../../src/pool/travel/travel.ts';
import {aWorktree} from '../support/fakes.ts';
import {aRequest, NotingObserver, PoolClientStage, TRAVEL} from '../support/pool-client.ts';

const COMMIT = '2'.repeat(40);
const DEPARTURE = {checkout: '/shop', commonDir: '/shop/.git', notes: []};

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
      keepStart: async () => {},
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

it('what it started from is kept where nothing was changed, and a failure of that costs no end', async () => {
  const job = stage.runner().link.jobOf({project: 'shop', id: 'swift-amber-otter'});
  const luggage = join(stage.folder, 'luggage');
  writeFileSync(luggage, 'a bundle');
  const {repository, format, head, commit, prefix} = TRAVEL;
  const start = {repository, format, head, commit, prefix};
  const travel: Travel = {...start, way: 'bundle', bytes: 8, sha256: '0'.repeat(64)};
  stage.ledger.add(job, {project: 'shop', id: 'swift-amber-otter'}, {...DEPARTURE, travel, luggage});
  const kept: unknown[] = [];
  const {runner, link, code} = stage.runner('mine', {
    keepStart: async (checkout, departed) => {
      kept.push([checkout, departed.travel.commit, readFileSync(departed.luggage ?? '', 'utf8')]);
      throw new Error('the disk is full');
    },
  });
  const run = runner.start(aRequest(), new NotingObserver());
  await stage.worker((at) => at.gives({}));
  await run.end;
  const worktrees = new PoolWorktrees({link, code, ledger: stage.ledger, root: '/worktrees'});
  const work = {id: 'swift-amber-otter', project: 'shop', title: 'Do it', files: []};
  const {worktree} = await worktrees.settle(aWorktree(), work);
  expect(worktree.outcome).toEqual({is: 'removed'});
  expect(kept).toEqual([[aWorktree().checkout, commit, 'a bundle']]);
});
