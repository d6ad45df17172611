import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import type {DelegationView} from '../../../src/delegation/model/view.ts';
import {delegationRead} from '../../../src/mcp/tools/delegation-read.ts';
import {anEnd} from '../../support/fakes.ts';
import {answer} from '../../support/tool-context.ts';
import {ended, ID, NOTE, NOW, PERMISSION, QUESTION, queued, running} from '../../support/views.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date'], now: NOW});
});

afterEach(() => {
  vi.useRealTimers();
});

describe('delegation_read answers of one that', () => {
  const read = (view: DelegationView, input: object = {}) =>
    answer(delegationRead, {id: ID, ...input}, {wait: async () => view, markRead: async (one) => one});

  it('is queued', async () => {
    const waiting = {place: 1, reason: {is: 'all slots taken', limit: 8}} as const;
    expect(await read({delegation: queued({notes: [NOTE]}), waiting})).toMatchInlineSnapshot(`
      "swift-amber-otter · queued · agent build · model scripted/model
      Not taken along: what is not committed in your checkout (1 file or folder).
      Place 1 in the queue: all 8 slots taken. Waiting for 2 m 24 s. delegation_read("swift-amber-otter") waits for its end."
    `);
  });

  it('runs', async () => {
    const activity = {toolCalls: 2, last: 'bash: npm test', at: NOW - 5_000};
    const passedOver = [{model: 'scripted/other', why: 'The provider said: no credit.'}];
    expect(await read({delegation: running([], {passedOver}), activity})).toMatchInlineSnapshot(`
      "swift-amber-otter · running · agent build · model scripted/model
      running for 1 m 15 s · 13 m 45 s left · 2 tool calls · 5 s ago: bash: npm test
      Directory: /somewhere
      Not scripted/other: The provider said: no credit.
      Still running. Carry on with other work; delegation_read("swift-amber-otter") waits for its end."
    `);
  });

  it('waits for a permission', async () => {
    expect(await read({delegation: running([PERMISSION])})).toMatchInlineSnapshot(`
      "swift-amber-otter · running, blocked · agent build · model scripted/model
      running for 1 m 15 s · 13 m 45 s left
      Directory: /somewhere
      Blocked: its agent waits for an answer. What nobody answers in time is refused.
      Request 1, for 4 m more, until 2026-01-02T03:10:30.000Z: bash: rm -r build
          rm -r build
          rm -r dist
      delegation_reply("swift-amber-otter", decision) answers with "allow" or "deny". If you cannot decide, ask your user."
    `);
  });

  it('waits for a permission and the answer to a question', async () => {
    expect(await read({delegation: running([PERMISSION, QUESTION])})).toMatchInlineSnapshot(`
      "swift-amber-otter · running, blocked · agent build · model scripted/model
      running for 1 m 15 s · 13 m 45 s left
      Directory: /somewhere
      Blocked: its agent waits for 2 answers. What nobody answers in time is refused.
      Request 1, for 4 m more, until 2026-01-02T03:10:30.000Z: bash: rm -r build
          rm -r build
          rm -r dist
      Request 2, for 5 m more, until 2026-01-02T03:11:30.000Z: question: Which colour?
          - Which colour? One of: red, green; or other words.
      delegation_reply("swift-amber-otter", decision, request) answers with "allow" or "deny". A question is answered by decision "allow" with the answer as message. If you cannot decide, ask your user."
    `);
  });

  it('is not heard of', async () => {
    const trouble = 'No news of it at the moment: the pool cannot be reached. Its worker goes on meanwhile.';
    expect(await read({delegation: running(), trouble})).toMatchInlineSnapshot(`
      "swift-amber-otter · running · agent build · model scripted/model
      running for 1 m 15 s · 13 m 45 s left
      No news of it at the moment: the pool cannot be reached. Its worker goes on meanwhile.
      Directory: /somewhere
      Still running. Carry on with other work; delegation_read("swift-amber-otter") waits for its end."
    `);
  });

  it('nobody runs', async () => {
    const unknown = 'OpenCode could not be asked what became of it: no server. It is asked again.';
    expect(await read({delegation: running(), unknown})).toMatchInlineSnapshot(`
      "swift-amber-otter · running · agent build · model scripted/model
      Nobody runs it any more, and its end is not known yet. OpenCode could not be asked what became of it: no server. It is asked again. delegation_read("swift-amber-otter") waits for that."
    `);
  });

  it('has completed', async () => {
    expect(await read({delegation: ended()})).toMatchInlineSnapshot(`
      "Characters 0 to 11 of 11, the last.
      swift-amber-otter · completed · agent build · model scripted/model · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Files changed: src/a.ts
      Refused: bash: rm
      Artifact: /data/project/swift-amber-otter.md
      The answer follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      The answer.
      ---
      [end of swift-amber-otter, 01234567]"
    `);
  });

  it('has completed, with all that there can be to say', async () => {
    const delegation = ended({
      notes: [NOTE],
      alsoChanged: [{file: 'src/a.ts', by: 'calm-blue-fox'}],
      decisions: [
        {number: 1, what: 'bash: rm', verdict: 'denied', message: 'Leave it.', at: NOW},
        {number: 2, what: 'question: Which colour?', verdict: 'timed-out', at: NOW},
      ],
      state: anEnd({work: {...anEnd().work, caveat: 'The last message of the agent was empty.'}}),
    });
    expect(
      await read({delegation, notes: ['This end is not on disk yet: no space.']}),
    ).toMatchInlineSnapshot(`
      "Characters 0 to 11 of 11, the last.
      swift-amber-otter · completed · agent build · model scripted/model · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Note: The last message of the agent was empty.
      Files changed: src/a.ts
      Changed by others as well, which ran at the same time: src/a.ts (calm-blue-fox)
      Refused: bash: rm
      Asked for: bash: rm (denied: "Leave it."); question: Which colour? (refused, as nobody answered in time)
      Not taken along: what is not committed in your checkout (1 file or folder).
      This end is not on disk yet: no space.
      Artifact: /data/project/swift-amber-otter.md
      The answer follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      The answer.
      ---
      [end of swift-amber-otter, 01234567]"
    `);
  });

  it('has completed with a long text, on its pages', async () => {
    const delegation = ended({text: 'abcdefghij'});
    expect(await read({delegation}, {max_chars: 4})).toMatchInlineSnapshot(`
      "Characters 0 to 4 of 10. Next page: delegation_read("swift-amber-otter", offset: 4).
      swift-amber-otter · completed · agent build · model scripted/model · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Files changed: src/a.ts
      Refused: bash: rm
      Artifact: /data/project/swift-amber-otter.md
      The answer follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      abcd
      ---
      [end of swift-amber-otter, 01234567]"
    `);
    expect(await read({delegation}, {offset: 4, max_chars: 4})).toMatchInlineSnapshot(`
      "Characters 4 to 8 of 10. Next page: delegation_read("swift-amber-otter", offset: 8). · swift-amber-otter completed
      The text goes on, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      efgh
      ---
      [end of swift-amber-otter, 01234567]"
    `);
    expect(await read({delegation}, {offset: 8})).toMatchInlineSnapshot(`
      "Characters 8 to 10 of 10, the last. · swift-amber-otter completed
      The text goes on, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      ij
      ---
      [end of swift-amber-otter, 01234567]"
    `);
    await expect(read({delegation}, {offset: 10})).rejects.toThrowErrorMatchingInlineSnapshot(
      `[Refusal: swift-amber-otter has 10 characters, so there is nothing at offset 10. delegation_read("swift-amber-otter") starts at the beginning.]`,
    );
  });

  it('has written nothing', async () => {
    expect(await read({delegation: ended({text: ''})})).toMatchInlineSnapshot(`
      "No text (0 characters).
      swift-amber-otter · completed · agent build · model scripted/model · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Files changed: src/a.ts
      Refused: bash: rm
      Artifact: /data/project/swift-amber-otter.md"
    `);
  });

  it('has failed', async () => {
    const state = anEnd({status: 'error', error: 'The provider said: Internal trouble.'});
    expect(await read({delegation: ended({state, text: 'Half an ans'})})).toMatchInlineSnapshot(`
      "Characters 0 to 11 of 11, the last.
      swift-amber-otter · error · agent build · model scripted/model · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Why: The provider said: Internal trouble.
      Files changed: src/a.ts
      Refused: bash: rm
      Artifact: /data/project/swift-amber-otter.md
      What it had written by then follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      Half an ans
      ---
      [end of swift-amber-otter, 01234567]"
    `);
  });

  it('ran out of time', async () => {
    const error = 'It ran out of time: the limit was 15 minutes of work.';
    expect(
      await read({delegation: ended({state: anEnd({status: 'timeout', error}), text: 'Half'})}),
    ).toMatchInlineSnapshot(`
      "Characters 0 to 4 of 4, the last.
      swift-amber-otter · timeout · agent build · model scripted/model · took 1 m
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Why: It ran out of time: the limit was 15 minutes of work.
      Files changed: src/a.ts
      Refused: bash: rm
      Artifact: /data/project/swift-amber-otter.md
      What it had written by then follows, verbatim, up to "[end of swift-amber-otter, 01234567]":
      ---
      Half
      ---
      [end of swift-amber-otter, 01234567]"
    `);
  });

  it('was interrupted before it ran', async () => {
    const error = 'The server that ran it was stopped. It had not started to run.';
    const {startedAt: _, ...never} = anEnd({status: 'interrupted', error});
    expect(await read({delegation: ended({state: never, text: ''})})).toMatchInlineSnapshot(`
      "No text (0 characters).
      swift-amber-otter · interrupted · agent build · model scripted/model · never ran
      120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls
      Why: The server that ran it was stopped. It had not started to run.
      Files changed: src/a.ts
      Refused: bash: rm
      Artifact: /data/project/swift-amber-otter.md"
    `);
  });

  it('is the first of several, where none has ended', async () => {
    const first = (open: readonly Delegation[]) => answer(delegationRead, {}, {first: async () => ({open})});
    expect(await first([])).toMatchInlineSnapshot(
      `"Nothing to wait for: no delegation runs or waits here, and all that have ended were read. delegation_list shows them."`,
    );
    expect(await first([running(), queued({id: 'calm-blue-fox'})])).toMatchInlineSnapshot(
      `"None has ended yet: swift-amber-otter (running), calm-blue-fox (queued). delegation_read() waits for the first."`,
    );
  });
});
