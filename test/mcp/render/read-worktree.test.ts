import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import {delegationRead} from '../../../src/mcp/tools/delegation-read.ts';
import {aWorktree} from '../../support/fakes.ts';
import {answer} from '../../support/tool-context.ts';
import {ended, ID, KEPT, NOW} from '../../support/views.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date'], now: NOW});
});

afterEach(() => {
  vi.useRealTimers();
});

describe('delegation_read says of a worktree that it', () => {
  const read = (delegation: Delegation) =>
    answer(delegationRead, {id: ID}, {wait: async () => ({delegation}), markRead: async (one) => one});

  it('is kept', async () => {
    const delegation = ended({access: 'worktree', worktree: KEPT});
    expect(await read(delegation)).toMatchInlineSnapshot(`
      "Characters 0 to 11 of 11, the last.
      swift-amber-otter · completed · agent build · model scripted/model · worktree · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Files changed: src/a.ts
      Refused: bash: rm
      Branch: delegation/swift-amber-otter at c0ffee012345: 1 file changed, 2 insertions(+)
      To merge: git -C /somewhere merge delegation/swift-amber-otter
      To look at it or to drop it: the commands are in its file.
      Artifact: /data/project/swift-amber-otter.md
      The answer follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      The answer.
      ---
      [end of swift-amber-otter, 01234567]"
    `);
  });

  it('has something that is not on its branch', async () => {
    const notes = ['1 file is not committed: it is larger than 50 MB.'];
    const worktree = aWorktree({outcome: {is: 'kept', diffstat: '', notes}});
    expect(await read(ended({access: 'worktree', worktree}))).toMatchInlineSnapshot(`
      "Characters 0 to 11 of 11, the last.
      swift-amber-otter · completed · agent build · model scripted/model · worktree · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Files changed: src/a.ts
      Refused: bash: rm
      Branch: delegation/swift-amber-otter
      Worktree: /worktrees/swift-amber-otter
      1 file is not committed: it is larger than 50 MB.
      To merge: git -C /somewhere merge delegation/swift-amber-otter
      To look at it or to drop it: the commands are in its file.
      Artifact: /data/project/swift-amber-otter.md
      The answer follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      The answer.
      ---
      [end of swift-amber-otter, 01234567]"
    `);
  });

  it('is removed', async () => {
    const worktree = aWorktree({outcome: {is: 'removed'}});
    expect(await read(ended({access: 'worktree', worktree}))).toMatchInlineSnapshot(`
      "Characters 0 to 11 of 11, the last.
      swift-amber-otter · completed · agent build · model scripted/model · worktree · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Files changed: src/a.ts
      Refused: bash: rm
      Worktree: nothing was changed in it, so it and its branch are removed.
      Artifact: /data/project/swift-amber-otter.md
      The answer follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      The answer.
      ---
      [end of swift-amber-otter, 01234567]"
    `);
  });
});
