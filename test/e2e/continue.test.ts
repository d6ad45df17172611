import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {GO_ON} from '../../src/delegation/submit/continuation.ts';
import {connect, showsActivity, type TestClient, untilActivity, withLimitAfter} from '../support/client.ts';
import {createGate} from '../support/gate.ts';
import {eventually, killAll} from '../support/processes.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type ModelRequest, ScriptedModel} from '../support/scripted-model.ts';

describe('an ended delegation', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({
      modelUrl: model.url,
      models: ['model', 'other'],
      config: {agent: {reviewer: {mode: 'primary', prompt: 'You review.'}}},
    });
    client = await connect(sandbox);
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  const goOn = (id: string, input: Record<string, unknown> = {}) =>
    client.call('delegate', {continue: id, ...input});
  const idIn = (text: string) => text.split(' ')[0] ?? '';

  /** Continues, expects that to work, and returns the new id. */
  async function continued(
    id: string,
    prompt?: string,
    input: Record<string, unknown> = {},
  ): Promise<string> {
    const answer = await goOn(id, {...(prompt !== undefined && {prompt}), ...input});
    if (answer.isError) throw new Error(answer.text);
    return idIn(answer.text);
  }

  async function refusal(id: string, input: Record<string, unknown> = {prompt: 'go on'}): Promise<string> {
    const answer = await goOn(id, input);
    expect(answer.isError, answer.text).toBe(true);
    return answer.text;
  }

  it('is continued in its session, with its context, as a delegation of its own that counts its own work only', async () => {
    model.script(({prompt, toolResults}) => {
      if (toolResults.length > 0) return {text: `${prompt} is written`};
      return {tool: 'write', input: {filePath: `${prompt}.txt`, content: prompt}};
    });
    const first = await client.delegate('first', {agent: 'reviewer', model: 'scripted/other'});
    await client.read(first);
    const answer = await goOn(first, {prompt: 'second'});
    const second = idIn(answer.text);
    expect(second).not.toBe(first);
    expect(answer.text).toContain(
      `${second} · running · continues ${first} · agent reviewer · model scripted/other · `,
    );
    const read = await client.read(second);
    expect(read.blocks[1]).toBe('second is written');
    expect(read.blocks[0]).toContain(`${second} · completed · continues ${first} · `);
    expect(read.blocks[0]).toContain('200 tokens in · 40 out');
    expect(read.blocks[0]).toContain('1 tool call\n');
    expect(read.blocks[0]).toContain('Files changed: second.txt\n');
    expect((await client.read(first)).blocks[1]).toBe('first is written');

    const third = await continued(second, 'third', {agent: 'build', model: 'scripted/model'});
    expect((await client.read(third)).blocks[0]).toContain(
      ` · continues ${second} · agent build · model scripted/model · `,
    );
    const request = await model.asked(({prompt}) => prompt === 'third');
    expect(request.model).toBe('model');
    const said = JSON.stringify(request.messages);
    for (const earlier of ['first', 'first is written', 'second', 'second is written']) {
      expect(said).toContain(`"${earlier}"`);
    }
    const list = (await client.call('delegation_list')).text;
    expect(list).toContain(`${third} · completed · continues ${second} · `);
    const [sessions] = [first, second, third].map((id) => sessionOf(id));
    expect([first, second, third].map(sessionOf)).toEqual([sessions, sessions, sessions]);
    expect(readFileSync(artifactOf(sandbox, second), 'utf8')).toContain(`continues:\n  id: ${first}\n`);
  });

  /** The OpenCode session in a delegation's record. */
  function sessionOf(id: string): string {
    return /\nsession: (ses_\w+)/.exec(readFileSync(artifactOf(sandbox, id), 'utf8'))?.[1] ?? 'none';
  }

  it('is continued once at a time, and not while it runs', async () => {
    const gate = createGate();
    model.script(async ({prompt}) => {
      if (prompt !== 'source') await gate.opened;
      return {text: `answer to ${prompt}`};
    });
    const source = await client.delegate('source');
    await client.read(source);
    const running = await continued(source, 'next');
    await model.asked(({prompt}) => prompt === 'next');
    expect(await refusal(running)).toMatch(
      new RegExp(
        `${running} has not ended \\(running\\).*delegation_read\\("${running}"\\).*delegation_cancel\\("${running}"\\)`,
      ),
    );
    expect(await refusal(source)).toContain(
      `The session of ${source} is in use: ${running}, which goes on in it, has not ended (running).`,
    );
    gate.open();
    await client.read(running);
    const both = await Promise.all([goOn(source, {prompt: 'a'}), goOn(running, {prompt: 'b'})]);
    expect(both.filter(({isError}) => isError)).toHaveLength(1);
    const won = both.find(({isError}) => !isError)?.text ?? '';
    await client.read(idIn(won));
  });

  it('that was cancelled is continued at once, and a cancel of that keeps the new text alone', async () => {
    model.script(({prompt}) =>
      prompt === 'at last' ? {text: 'done at last'} : {stall: `words of ${prompt}`},
    );
    const first = await client.delegate('one');
    await untilActivity(client, first, /writing/);
    await client.call('delegation_cancel', {id: first});
    const second = await continued(first, 'two');
    await untilActivity(client, second, /writing/);
    await client.call('delegation_cancel', {id: second});
    const read = await client.read(second);
    expect(read.blocks[0]).toContain(' · cancelled · ');
    expect(read.blocks[1]).toBe('words of two');
    expect((await client.read(await continued(second, 'at last'))).blocks[1]).toBe('done at last');
  });

  it('that is slow to stop is continued when it has stopped', async () => {
    const stubborn = {command: "trap '' TERM; sleep 30 & wait; wait", description: 'stubborn'};
    const gate = createGate();
    model.script(async ({prompt, toolResults}) => {
      if (prompt === 'stubborn') return {tool: 'bash', input: stubborn};
      if (toolResults.length === 0) return {tool: 'glob', input: {pattern: '*.after'}};
      await gate.opened;
      return {text: 'undisturbed'};
    });
    const first = await client.delegate('stubborn');
    await untilActivity(client, first, /bash stubborn/);
    await client.call('delegation_cancel', {id: first});
    const second = await continued(first, 'after that');
    await untilActivity(client, second, /glob \*\.after/);
    gate.open();
    const read = await client.read(second);
    expect(read.blocks[0]).toContain(' · completed · ');
    expect(read.blocks[1]).toBe('undisturbed');
  });

  it('that ran out of time says how to go on, and the limit of the one that does is its own', async () => {
    model.script(({prompt}) => (prompt === 'slow' ? {stall: 'half'} : {stall: 'other half'}));
    const first = await client.delegate('slow', {timeout_minutes: 0.03});
    expect((await client.read(first)).blocks[0]).toContain(
      `Go on with delegate(continue: "${first}", prompt)`,
    );
    let last = first;
    const second = await withLimitAfter(
      async (minutes) => {
        last = await continued(last, 'slower', {timeout_minutes: minutes});
        return last;
      },
      (id) => showsActivity(client, id, /writing/),
    );
    const read = await client.read(second);
    expect(read.blocks[0]).toContain(' · timeout · ');
    expect(read.blocks[1]).toBe('other half');
  });

  it('is not continued without a prompt, in another directory, or from another project', async () => {
    model.script(() => ({text: 'done'}));
    const id = await client.delegate('done');
    await client.read(id);
    expect(await refusal(id, {})).toContain(
      `${id} has ended as completed: say in prompt what its agent is to do next.`,
    );
    expect(await refusal(id, {prompt: ' '})).toContain('say in prompt');
    expect(await refusal(id, {prompt: 'go', directory: sandbox.root})).toContain(
      `${id} works in ${sandbox.project}, and its session stays there.`,
    );
    expect(await refusal(id, {prompt: 'go', agent: 'nobody'})).toContain('There is no agent "nobody"');
    expect(await refusal('no-such-thing')).toContain('delegation_list shows the known ones');
    const elsewhere = join(sandbox.root, 'elsewhere');
    mkdirSync(elsewhere);
    const stranger = await connect(sandbox, {cwd: elsewhere});
    try {
      const answer = await stranger.call('delegate', {continue: id, prompt: 'go'});
      expect(answer).toMatchObject({isError: true, text: expect.stringContaining(`No delegation "${id}"`)});
    } finally {
      await stranger.close();
    }
    // Its own directory is no other one.
    expect((await client.read(await continued(id, 'go', {directory: sandbox.project}))).blocks[1]).toBe(
      'done',
    );
  });

  it('is not continued when its session is gone', async () => {
    model.script(() => ({text: 'done'}));
    const id = await client.delegate('to be forgotten');
    await client.read(id);
    execFileSync('opencode', ['session', 'delete', sessionOf(id)], {
      cwd: sandbox.project,
      env: sandbox.env,
      stdio: 'ignore',
    });
    expect(await refusal(id)).toMatch(
      new RegExp(`OpenCode no longer has the session of ${id} \\(ses_\\w+\\)`),
    );
  });

  it('that was interrupted is continued without a prompt; a crash of that takes no earlier answer for its own', async () => {
    model.script(() => ({text: 'the earlier answer'}));
    const source = await client.delegate('source');
    await client.read(source);
    const gate = createGate();
    model.script(async ({prompt}) => {
      await gate.opened;
      return {text: `answer to ${prompt}`};
    });
    const crashed = await continued(source, 'crash in the middle');
    await model.asked(({prompt}) => prompt === 'crash in the middle');
    await eventually(() => sessionOf(crashed) !== 'none');
    await killAll(sandbox.root);
    await client.close();

    client = await connect(sandbox);
    const read = await client.read(crashed);
    expect(read.text).toMatch(/No text.* · interrupted · .*Go on with delegate\(continue: "/s);
    expect(read.text).not.toContain('the earlier answer');
    gate.open();
    const again = await continued(crashed);
    const answer = await client.read(again);
    expect(answer.blocks[1]).toBe(`answer to ${GO_ON}`);
    expect((await client.call('delegation_list')).text).toMatch(
      new RegExp(`${again} · completed · continues ${crashed} · .* · crash in the middle`),
    );
    const {messages}: ModelRequest = await model.asked(({prompt}) => prompt === GO_ON);
    expect(JSON.stringify(messages)).toContain('the earlier answer');
  });
});
