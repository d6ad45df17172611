import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import {DELIVERIES} from '../../../src/delegation/model/message.ts';
import type {DelegationView} from '../../../src/delegation/model/view.ts';
import type {WaitReason} from '../../../src/delegation/model/waiting.ts';
import {renderUnanswered} from '../../../src/mcp/render/asks.ts';
import {renderUnread} from '../../../src/mcp/render/render.ts';
import {delegate} from '../../../src/mcp/tools/delegate.ts';
import {delegationCancel} from '../../../src/mcp/tools/delegation-cancel.ts';
import {delegationList} from '../../../src/mcp/tools/delegation-list.ts';
import {delegationReply} from '../../../src/mcp/tools/delegation-reply.ts';
import {anEnd, aWorktree} from '../../support/fakes.ts';
import {answer} from '../../support/tool-context.ts';
import {ended, ID, MINUTE_MS, NOTE, NOW, PERMISSION, QUESTION, queued, running} from '../../support/views.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date'], now: NOW});
});

afterEach(() => {
  vi.useRealTimers();
});

describe('delegate answers for one that', () => {
  const started = (view: DelegationView) => answer(delegate, {prompt: 'x'}, {delegate: async () => view});

  it('runs at once', async () => {
    expect(await started({delegation: running()})).toMatchInlineSnapshot(`
      "swift-amber-otter · running · agent build · model scripted/model · up to 15 m of work
      Carry on with other work and do not poll. When you need the result: delegation_read("swift-amber-otter"), which waits for it."
    `);
  });

  it('waits in the queue, near a limit of its own', async () => {
    const delegation = queued({ceilings: {costUsd: 0.5, tokens: 50_000}});
    const waiting = {place: 3, reason: {is: 'all slots taken', limit: 8}} as const;
    expect(
      await started({delegation, waiting, near: {limit: 'day', used: 4.5, most: 5}}),
    ).toMatchInlineSnapshot(`
      "swift-amber-otter · queued, place 3 · all 8 slots taken · agent build · model scripted/model · up to 15 m, $0.50, 50,000 tokens of work · 90 % of today's $5.00
      Carry on with other work and do not poll. When you need the result: delegation_read("swift-amber-otter"), which waits for it."
    `);
  });

  it('works in a worktree, and has notes', async () => {
    const notes = [NOTE, 'Also at work in this directory: calm-blue-fox.'];
    expect(
      await started({delegation: running([], {access: 'worktree', worktree: aWorktree(), notes})}),
    ).toMatchInlineSnapshot(`
      "swift-amber-otter · running · agent build · model scripted/model · worktree · up to 15 m of work
      Not taken along: what is not committed in your checkout (1 file or folder).
      Also at work in this directory: calm-blue-fox.
      Carry on with other work and do not poll. When you need the result: delegation_read("swift-amber-otter"), which waits for it."
    `);
  });

  it('continues another, with a model by its name', async () => {
    const continues = {id: 'calm-blue-fox', sessionId: 'ses_0'};
    const delegation = running([], {continues, modelName: 'strong', access: 'read-only'});
    expect(await started({delegation})).toMatchInlineSnapshot(`
      "swift-amber-otter · running · continues calm-blue-fox · agent build · model scripted/model (strong) · read-only · up to 15 m of work
      Carry on with other work and do not poll. When you need the result: delegation_read("swift-amber-otter"), which waits for it."
    `);
  });

  it('waits, with why', async () => {
    const reasons: readonly WaitReason[] = [
      {is: 'all slots taken', limit: 1},
      {is: 'lane full', lane: 'scripted', limit: 2},
      {is: 'rate-limited', lane: 'scripted', until: NOW + MINUTE_MS},
      {is: 'other writer', id: 'calm-blue-fox'},
    ];
    const views = reasons.map((reason) => ({delegation: queued(), waiting: {place: 1, reason}}));
    const answers = await Promise.all(views.map(started));
    const lines = answers.map((text) => text.slice(0, text.indexOf(' · agent')));
    // Times of day are those of the machine.
    expect(lines.join('\n').replace(/\d\d:\d\d/, 'hh:mm')).toMatchInlineSnapshot(`
      "swift-amber-otter · queued, place 1 · all 1 slot taken
      swift-amber-otter · queued, place 1 · scripted is at its limit of 2
      swift-amber-otter · queued, place 1 · scripted is rate-limited until hh:mm
      swift-amber-otter · queued, place 1 · waits for calm-blue-fox, which can write in the same directory"
    `);
  });
});

describe('delegation_list answers with', () => {
  const many = [
    queued({id: 'calm-blue-fox', title: 'Third'}),
    running([PERMISSION, QUESTION], {id: 'bold-red-hen', title: 'Second'}),
    ended({title: 'First', continues: {id: 'old-grey-owl', sessionId: 'ses_0'}}),
  ];
  const waiting = {place: 1, reason: {is: 'lane full', lane: 'scripted', limit: 1}} as const;
  const list = (input: object, all: readonly Delegation[] = many) =>
    answer(delegationList, input, {
      list: async () => all,
      view: (_, id) => (id === 'calm-blue-fox' ? {delegation: queued({id}), waiting} : undefined),
    });

  it('all of a project', async () => {
    expect(await list({})).toMatchInlineSnapshot(`
      "1 to 3 of 3 delegations
      calm-blue-fox · queued · place 1 · scripted is at its limit of 1 · 2 m 24 s ago · build · Third
      bold-red-hen · running, blocked · 2 m 24 s ago · build · Second
        blocked, waits 4 m more for an answer to bash: rm -r build and 1 more request
      swift-amber-otter · completed · continues old-grey-owl · 2 m 24 s ago · build · First [unread]
        The answer."
    `);
  });

  it('a page, and what is on no page', async () => {
    expect(await list({limit: 1, offset: 1})).toMatchInlineSnapshot(`
      "2 to 2 of 3 delegations; next: delegation_list(offset: 2)
      bold-red-hen · running, blocked · 2 m 24 s ago · build · Second
        blocked, waits 4 m more for an answer to bash: rm -r build and 1 more request"
    `);
    expect(await list({offset: 5})).toMatchInlineSnapshot(`"There are 3 delegations; none at offset 5."`);
  });

  it('those of a status', async () => {
    expect(await list({status: 'completed'})).toMatchInlineSnapshot(`
      "1 to 1 of 1 completed delegations
      swift-amber-otter · completed · continues old-grey-owl · 2 m 24 s ago · build · First [unread]
        The answer."
    `);
    expect(await list({status: 'timeout'})).toMatchInlineSnapshot(
      `"No timeout delegations in this project yet."`,
    );
    expect(await list({}, [])).toMatchInlineSnapshot(`"No delegations in this project yet."`);
  });
});

describe('delegation_cancel answers for one that', () => {
  const cancel = (delegation: Delegation, wasEnded = false) =>
    answer(delegationCancel, {id: ID}, {cancel: async () => ({delegation, wasEnded})});
  const cancelled = anEnd({status: 'cancelled'});

  it('was stopped', async () => {
    expect(await cancel(ended({state: cancelled}))).toMatchInlineSnapshot(
      `"swift-amber-otter is cancelled. What it had written is kept: delegation_read("swift-amber-otter")."`,
    );
    expect(await cancel(ended({state: cancelled, text: ''}))).toMatchInlineSnapshot(
      `"swift-amber-otter is cancelled. It had written nothing."`,
    );
  });

  it('came to its end first', async () => {
    expect(await cancel(ended())).toMatchInlineSnapshot(
      `"swift-amber-otter ended as completed before it could be cancelled. What it had written is kept: delegation_read("swift-amber-otter")."`,
    );
    expect(await cancel(ended(), true)).toMatchInlineSnapshot(
      `"swift-amber-otter had already ended: completed. Nothing was changed."`,
    );
  });
});

describe('delegation_reply answers', () => {
  const decision = {number: 1, what: 'bash: rm -r build', verdict: 'allowed', at: NOW} as const;
  const reply = (delegation: Delegation) =>
    answer(
      delegationReply,
      {id: ID, decision: 'allow'},
      {reply: async () => ({delegation, decision: {...decision, message: 'Go ahead.'}})},
    );

  it('what was decided', async () => {
    expect(await reply(running())).toMatchInlineSnapshot(
      `"swift-amber-otter: request 1, bash: rm -r build (allowed: "Go ahead."). Its agent goes on. delegation_read("swift-amber-otter") waits for its end."`,
    );
    expect(await reply(ended())).toMatchInlineSnapshot(
      `"swift-amber-otter: request 1, bash: rm -r build (allowed: "Go ahead."). It has ended since: delegation_read("swift-amber-otter")."`,
    );
  });

  it('what is asked besides', async () => {
    expect(await reply(running([QUESTION]))).toMatchInlineSnapshot(`
      "swift-amber-otter: request 1, bash: rm -r build (allowed: "Go ahead.").
      Blocked: its agent waits for an answer. What nobody answers in time is refused.
      Request 2, for 5 m more, until 2026-01-02T03:11:30.000Z: question: Which colour?
          - Which colour? One of: red, green; or other words.
      delegation_reply("swift-amber-otter", decision) answers with "allow" or "deny". A question is answered by decision "allow" with the answer as message. If you cannot decide, ask your user."
    `);
  });

  it('when its agent gets what it is told', async () => {
    const message = {number: 2, text: 'Be brief.', at: NOW};
    const tell = (delegation: Delegation, delivery: (typeof DELIVERIES)[number]) =>
      answer(
        delegationReply,
        {id: ID, message: 'Be brief.'},
        {tell: async () => ({delegation, message, delivery})},
      );
    expect(
      (await Promise.all(DELIVERIES.map((delivery) => tell(running(), delivery)))).join('\n'),
    ).toMatchInlineSnapshot(`
      "swift-amber-otter: message 2 is taken. It has not begun: its agent gets this with the prompt. The result is what it answers then; it says if it ended before. delegation_read("swift-amber-otter") waits for it.
      swift-amber-otter: message 2 is taken. Its agent has it now. The result is what it answers then; it says if it ended before. delegation_read("swift-amber-otter") waits for it.
      swift-amber-otter: message 2 is taken. Its agent gets it with its next step, when it has written what it is at. The result is what it answers then; it says if it ended before. delegation_read("swift-amber-otter") waits for it.
      swift-amber-otter: message 2 is taken. Its agent gets it when the tool that it uses is done. The result is what it answers then; it says if it ended before. delegation_read("swift-amber-otter") waits for it.
      swift-amber-otter: message 2 is taken. Its agent waits for an answer to a request, and gets this once that is answered. The result is what it answers then; it says if it ended before. delegation_read("swift-amber-otter") waits for it.
      swift-amber-otter: message 2 is taken. Its agent gets it when OpenCode has compacted its conversation. The result is what it answers then; it says if it ended before. delegation_read("swift-amber-otter") waits for it.
      swift-amber-otter: message 2 is taken. Its provider refuses at the moment. Its agent gets this after the step that is tried again. The result is what it answers then; it says if it ended before. delegation_read("swift-amber-otter") waits for it."
    `);
    expect(await tell(running([PERMISSION]), 'reply')).toMatchInlineSnapshot(`
      "swift-amber-otter: message 2 is taken. Its agent waits for an answer to a request, and gets this once that is answered.
      Blocked: its agent waits for an answer. What nobody answers in time is refused.
      Request 1, for 4 m more, until 2026-01-02T03:10:30.000Z: bash: rm -r build
          rm -r build
          rm -r dist
      delegation_reply("swift-amber-otter", decision) answers with "allow" or "deny". If you cannot decide, ask your user."
    `);
  });
});

describe('the end of each answer names', () => {
  const ids = ['a-b-c', 'd-e-f', 'g-h-i', 'j-k-l', 'm-n-o', 'p-q-r', 's-t-u'];

  it('what has ended unread', () => {
    expect(renderUnread([])).toBe('');
    expect(renderUnread(ids.slice(0, 1))).toMatchInlineSnapshot(
      `"Ended and not read yet: a-b-c. delegation_read(id) returns each."`,
    );
    expect(renderUnread(ids)).toMatchInlineSnapshot(
      `"Ended and not read yet: a-b-c, d-e-f, g-h-i, j-k-l, m-n-o and 2 more. delegation_read(id) returns each."`,
    );
  });

  it('what waits for an answer', () => {
    expect(renderUnanswered([])).toBe('');
    expect(renderUnanswered(ids.map((id) => running([PERMISSION], {id})))).toMatchInlineSnapshot(
      `"Blocked until delegation_reply answers: a-b-c (bash: rm -r build), d-e-f (bash: rm -r build), g-h-i (bash: rm -r build), j-k-l (bash: rm -r build), m-n-o (bash: rm -r build) and 2 more."`,
    );
  });
});
