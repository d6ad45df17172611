import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {PoolWorktrees} from '../../src/pool/client/worktrees.ts';
import {aWorktree} from '../support/fakes.ts';
import {PoolClientStage} from '../support/pool-client.ts';

const [BASE, SINCE, TIP] = ['1', '2', '3'].map((digit) => digit.repeat(40));
const NOTHING_CHANGED = {is: 'removed'} as const;
const KEPT = {is: 'kept', diffstat: '', notes: []} as const;

describe('what goes on with a delegation of the pool', () => {
  let stage: PoolClientStage;
  beforeEach(() => {
    stage = new PoolClientStage();
  });
  afterEach(() => stage.close());

  /** @param names what the repository has, by the names that it has it under. */
  function worktreesIn(names: Readonly<Record<string, string | undefined>>): PoolWorktrees {
    const {link, code} = stage.runner('mine', {commitOf: async (_, name) => names[name]});
    return new PoolWorktrees({link, code, ledger: stage.ledger, root: '/worktrees'});
  }

  const given = aWorktree({base: BASE ?? ''});
  const branch = `refs/heads/${given.branch}`;

  it('begins at the tip of the branch that came home', async () => {
    const worktrees = worktreesIn({[branch]: TIP});
    expect(await worktrees.reopen({...given, outcome: {...KEPT, commit: TIP ?? ''}})).toEqual({
      ...given,
      since: TIP,
    });
  });

  it('begins where the last one began, which has changed nothing', async () => {
    const worktrees = worktreesIn({[BASE ?? '']: BASE, [SINCE ?? '']: SINCE, [branch]: TIP});
    expect((await worktrees.reopen({...given, outcome: NOTHING_CHANGED})).since).toBe(BASE);
    const second = {...given, since: SINCE ?? '', outcome: NOTHING_CHANGED};
    expect((await worktrees.reopen(second)).since).toBe(SINCE);
  });

  it('is refused where the branch has not come home, also where that of an earlier one is there', async () => {
    const worktrees = worktreesIn({[branch]: TIP});
    await expect(worktrees.reopen({...given, since: SINCE ?? '', outcome: KEPT})).rejects.toThrow(
      'Its branch has not been brought home',
    );
  });

  it('is refused where the branch is gone', async () => {
    const worktrees = worktreesIn({});
    await expect(worktrees.reopen({...given, outcome: {...KEPT, commit: TIP ?? ''}})).rejects.toThrow(
      `The branch ${given.branch} is no longer there`,
    );
  });

  it('is refused where nothing came home and what it started from is gone', async () => {
    const worktrees = worktreesIn({});
    await expect(worktrees.reopen({...given, outcome: NOTHING_CHANGED})).rejects.toThrow(
      `what it started from (${BASE?.slice(0, 12)}) is not in this repository any more`,
    );
  });
});
