import {symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {untilActivity} from '../support/client.ts';
import {createGate} from '../support/gate.ts';
import {eventually, killAll, openCodeIn, signalEach} from '../support/processes.ts';
import {hostsIn, NPM_BIN} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

/** So that some wait. */
const TWO_AT_ONCE = {env: {OPENCODE_DELEGATE_CONCURRENCY: '2'}};

describe('after everything was killed', () => {
  it('what ran is interrupted with all text that is stored and what was cut off named; what waited runs, in order', async () => {
    const {model, sandbox, open} = await setScene(
      ({prompt, toolResults}) =>
        toolResults.length === 0 && prompt.startsWith('cut')
          ? {
              text: `Beginning ${prompt}.`,
              tool: 'bash',
              input: {command: 'sleep 300', description: 'take a nap'},
            }
          : {text: `answer to ${prompt}`},
      TWO_AT_ONCE,
    );
    const client = await open();
    const running = await Promise.all(['cut 1', 'cut 2'].map((prompt) => client.delegate(prompt)));
    await Promise.all(running.map((id) => untilActivity(client, id, /take a nap/)));
    const waiting: string[] = [];
    for (const prompt of ['wait 1', 'wait 2', 'wait 3']) waiting.push(await client.delegate(prompt));
    await killAll(sandbox.root);

    const later = await open();
    for (const [n, id] of waiting.entries()) {
      const read = await later.read(id, {wait_seconds: 60});
      expect(read.blocks[1]).toBe(`answer to wait ${n + 1}`);
    }
    for (const [n, id] of running.entries()) {
      const read = await later.read(id);
      expect(read.blocks[0]).toMatch(
        / · interrupted · .*Why: The process that ran it \(\d+\) is gone\. Cut off in the middle of: bash take a nap\. Go on with delegate\(continue: "[a-z-]+"\), or yourself: opencode --session ses_\w+, in .*my project\./s,
      );
      expect(read.blocks[1]).toBe(`Beginning cut ${n + 1}.`);
    }
    expect(model.requests.map(({prompt}) => prompt).sort()).toEqual([
      'cut 1',
      'cut 2',
      'wait 1',
      'wait 2',
      'wait 3',
    ]);
  });

  it('an answer that OpenCode had stored completely completes the delegation, with its usage', async () => {
    const gate = createGate();
    const {model, sandbox, open} = await setScene(async () => {
      await gate.opened;
      return {text: 'complete, though nobody noticed'};
    });
    const client = await open();
    const id = await client.delegate('Answer while we are stopped');
    await model.asked(() => true);
    // Stopped, our processes cannot notice what OpenCode goes on to do.
    signalEach([client.pid, ...hostsIn(sandbox.runtimeDir)], 'SIGSTOP');
    // The person's own OpenCode sees what is stored.
    const beside = await UserOpenCode.start(sandbox);
    gate.open();
    await eventually(() => answered(beside));
    await killAll(sandbox.root);

    const later = await open();
    const read = await later.read(id);
    expect(read.blocks[0]).toContain(`${id} · completed · `);
    expect(read.blocks[0]).toContain('100 tokens in · 20 out');
    expect(read.blocks[1]).toBe('complete, though nobody noticed');
    expect(model.requests).toHaveLength(1);
  });

  it('an answer that is stored is found later where OpenCode cannot be asked at first', async () => {
    const gate = createGate();
    const {model, sandbox, open} = await setScene(async () => {
      await gate.opened;
      return {text: 'complete, and out of reach'};
    });
    const client = await open();
    const id = await client.delegate('Answer while we are stopped');
    await model.asked(() => true);
    signalEach([client.pid, ...hostsIn(sandbox.runtimeDir)], 'SIGSTOP');
    // The person's own OpenCode sees what is stored.
    const beside = await UserOpenCode.start(sandbox);
    gate.open();
    await eventually(() => answered(beside));
    await killAll(sandbox.root);

    // As in an editor that was not started from a terminal: what it has for PATH leads to no OpenCode.
    const binary = join(sandbox.root, 'found later');
    const later = await open({env: {OPENCODE_DELEGATE_BIN: binary}});
    const early = await later.call('delegation_read', {id, wait_seconds: 0});
    expect(early.text).toMatch(
      / · running · .*OpenCode could not be asked what became of it: OPENCODE_DELEGATE_BIN/s,
    );
    expect((await later.call('delegation_list')).text).toContain('1 to 1 of 1 delegations');
    symlinkSync(join(NPM_BIN, 'opencode'), binary);
    const read = await later.read(id, {wait_seconds: 60});
    expect(read.blocks[0]).toContain(`${id} · completed · `);
    expect(read.blocks[1]).toBe('complete, and out of reach');
    expect(model.requests).toHaveLength(1);
  });

  it('a second kill in the middle of the recovery changes nothing', async () => {
    const {sandbox, open} = await setScene(({prompt}) => ({stall: `Beginning of ${prompt}`}));
    const client = await open();
    const id = await client.delegate('twice unlucky');
    await untilActivity(client, id, /writing/);
    await killAll(sandbox.root);

    const second = await open();
    second.read(id).catch(() => {
      // Its server is killed under it, which is what this test is about.
    });
    await eventually(() => openCodeIn(sandbox.root).length === 1);
    await killAll(sandbox.root);

    const third = await open();
    expect((await third.read(id)).text).toMatch(/ · interrupted · .*is gone\. Go on with delegate/s);
    expect((await third.call('delegation_list')).text).toContain('1 to 1 of 1 delegations');
  });
});

/** True when a complete answer is stored. */
async function answered({client}: UserOpenCode): Promise<boolean> {
  const {data: [session] = []} = await client.session.list();
  const {data: messages = []} = await client.session.messages({sessionID: session?.id ?? ''});
  return messages.some(({info}) => info.role === 'assistant' && info.time.completed !== undefined);
}
