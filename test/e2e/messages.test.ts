import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {type TestClient, untilActivity} from '../support/client.ts';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {eventually, killAll} from '../support/processes.ts';
import {artifactOf} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import type {ModelRequest, Reply} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

const shared = shareHome({
  config: {permission: {bash: 'allow', edit: 'ask'}},
  env: {
    OPENCODE_DELEGATE_ON_ASK: 'wait',
    OPENCODE_DELEGATE_ASK_SECONDS: '600',
    OPENCODE_DELEGATE_LIMITS: 'scripted/slow=1',
  },
  models: ['model', 'slow'],
});

const WAIT = {tool: 'bash', input: {command: 'until [ -e go ]; do sleep 0.1; done', description: 'Wait'}};

/** Everything that the agent was told, in order. */
function toldIn({messages}: ModelRequest): readonly string[] {
  return messages.filter(({role}) => role === 'user').map(({content}) => JSON.stringify(content));
}

/** Answers the first time with this, and once it was told more, with that. */
function corrected(first: (request: ModelRequest) => Reply | Promise<Reply>) {
  return (request: ModelRequest) =>
    toldIn(request).some((text) => text.includes('In French')) ? {text: 'Bonjour.'} : first(request);
}

const tell = (client: TestClient, id: string, message = 'In French, please.') =>
  client.call('delegation_reply', {id, message});

describe('an agent is told something', () => {
  it('while it thinks: it gets that with its next step, and the last answer alone is the result', async () => {
    const gate = createGate();
    const {sandbox, model, open} = shared.scene(
      corrected(async () => {
        await gate.opened;
        return {text: 'Hello. This is a long answer that nobody wants any more.'};
      }),
    );
    const client = await open();
    const id = await client.delegate('Greet');
    await model.asked(({prompt}) => prompt === 'Greet');
    const told = await tell(client, id);
    expect(told.text).toMatch(
      new RegExp(`^${id}: message 1 is taken\\. Its agent gets it with its next step`),
    );
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toMatch(
      /messages:\n {2}- text: In French, please\.\n {4}at: \S+\nprompt/,
    );
    gate.open();
    const {blocks} = await client.read(id);
    expect(blocks[0]).toContain(' · completed · ');
    expect(blocks[0]).not.toContain('Note:');
    expect(blocks[1]).toBe('Bonjour.');
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toMatch(
      /- text: In French, please\.\n {4}at: \S+\n {4}read: /,
    );
    const logs = await runCommand(sandbox, ['logs', id]);
    expect(logs.stdout).toMatch(/^> Greet\nHello\. .*\n> In French, please\.\nBonjour\.$/s);
    const late = await tell(client, id, 'And in Spanish.');
    expect(late).toMatchObject({isError: true, text: expect.stringMatching(/^Too late: .*continue: /)});
  });

  it('while it writes', async () => {
    const gate = createGate();
    const {open} = shared.scene(corrected(() => ({text: 'Hello in many words', rest: gate.opened})));
    const client = await open();
    const id = await client.delegate('Write');
    await untilActivity(client, id, /writing/);
    expect((await tell(client, id)).text).toContain('with its next step');
    gate.open();
    expect((await client.read(id)).blocks[1]).toBe('Bonjour.');
  });

  it('while it uses a tool, from the shell: it gets that when the tool is done', async () => {
    const {sandbox, open} = shared.scene(
      corrected(({toolResults}) => (toolResults.length > 0 ? {text: 'Hello.'} : WAIT)),
    );
    const client = await open();
    const id = await client.delegate('Use a tool');
    await untilActivity(client, id, /bash/);
    const told = await runCommand(sandbox, ['message', id], {input: 'In French, please.'});
    expect(told).toMatchObject({
      exitCode: 0,
      stdout: `${id}: Its agent gets it when the tool that it uses is done.`,
    });
    writeFileSync(join(sandbox.project, 'go'), '');
    expect((await client.read(id)).blocks[1]).toBe('Bonjour.');
    expect(await runCommand(sandbox, ['message', id, 'Too late'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Too late'),
    });
  });

  it('while it is blocked: it gets that once it is answered, and the answer says how', async () => {
    const {open} = shared.scene(
      corrected(({toolResults}) =>
        toolResults.length > 0 ? {text: 'Hello.'} : {tool: 'write', input: {filePath: 'x.txt', content: 'x'}},
      ),
    );
    const client = await open();
    const id = await client.delegate('Ask');
    await client.read(id);
    const told = await tell(client, id);
    expect(told.text).toMatch(/once that is answered\.\nBlocked: .*delegation_reply\(/s);
    await client.call('delegation_reply', {id, decision: 'allow'});
    expect((await client.read(id)).blocks[1]).toBe('Bonjour.');
  });

  it('while OpenCode compacts its conversation', async () => {
    const [gate, compacting] = [createGate(), createGate()];
    const {open} = shared.scene(
      corrected(async ({messages, toolResults}) => {
        if (!JSON.stringify(messages.at(-1)).includes('anchored summary'))
          return toolResults.length > 0
            ? {text: 'Hello.'}
            : {tool: 'bash', input: {command: 'true', description: 'T'}, tokens: 127_000};
        compacting.open();
        await gate.opened;
        return {text: 'A summary'};
      }),
    );
    const client = await open();
    const id = await client.delegate('Fill it');
    await compacting.opened;
    expect((await tell(client, id)).text).toContain('when OpenCode has compacted its conversation');
    gate.open();
    expect((await client.read(id)).blocks[1]).toBe('Bonjour.');
  });

  it('while its provider refuses', async () => {
    let asked = 0;
    const {open} = shared.scene(
      corrected(() => {
        asked += 1;
        return asked === 1 ? {status: 500, message: 'passing'} : {text: 'Hello.'};
      }),
    );
    const client = await open();
    const id = await client.delegate('Be refused');
    // Nothing of it is told as an activity.
    await eventually(async () => asked > 0);
    let told = await tell(client, id);
    if (!told.text.includes('Its provider refuses')) told = await tell(client, id, 'In French, I said.');
    expect(told.text).toContain('Its provider refuses at the moment.');
    expect((await client.read(id)).blocks[1]).toBe('Bonjour.');
  });

  it('before it begins: it gets that with its prompt', async () => {
    const gate = createGate();
    const {sandbox, model, open} = shared.scene(
      corrected(async () => {
        await gate.opened;
        return {text: 'Hello.'};
      }),
    );
    const client = await open();
    const held = await client.delegate('Hold', {model: 'scripted/slow'});
    const id = await client.delegate('Queue', {model: 'scripted/slow'});
    expect((await tell(client, id)).text).toContain('It has not begun');
    gate.open();
    expect((await client.read(id)).blocks[1]).toBe('Bonjour.');
    const request = await model.asked((one) => toldIn(one).join('').includes('Queue'));
    expect(toldIn(request).join('')).toMatch(/Queue.*In French/);
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toMatch(/\n {4}read: /);
    expect((await client.read(held)).blocks[1]).toBe('Hello.');
  });

  it('and is not given it: the result says so', async () => {
    const gate = createGate();
    const {model, open} = shared.scene(async () => {
      await gate.opened;
      return {status: 400, message: 'no such thing'};
    });
    const client = await open();
    const [failing, stopped] = [await client.delegate('Fail'), await client.delegate('Stop')];
    await model.asked(({prompt}) => prompt === 'Fail');
    await model.asked(({prompt}) => prompt === 'Stop');
    for (const id of [failing, stopped]) await tell(client, id);
    await client.call('delegation_cancel', {id: stopped});
    gate.open();
    const note =
      /Note: It ended before its agent was given what it was told \("In French, please\."\)\. delegate with its id as continue/;
    const failed = await client.read(failing);
    expect(failed.blocks[0]).toMatch(/ · error · .*no such thing/s);
    expect(failed.blocks[0]).toMatch(note);
    expect((await client.read(stopped)).blocks[0]).toMatch(note);
  });

  it('again and again, at the very end: each message is answered, or said to be too late', async () => {
    const {model, open} = shared.scene((request) => ({text: `Answer ${toldIn(request).length}`}));
    const client = await open();
    for (let n = 0; n < 6; n += 1) {
      const id = await client.delegate(`Quick ${n}`);
      await model.asked(({prompt}) => prompt === `Quick ${n}`);
      const told = await tell(client, id, 'More');
      const {blocks} = await client.read(id);
      expect(blocks[0]).toContain(' · completed · ');
      expect(blocks[1]).toBe(told.isError ? 'Answer 1' : 'Answer 2');
    }
  });
});

it('what a person writes into the session of an agent at work is said with the result', async () => {
  const {sandbox, open} = shared.scene(({prompt, toolResults}) => {
    if (prompt.includes('who are you')) return {text: 'I am an agent.'};
    return toolResults.length > 0 ? {text: 'Found.'} : WAIT;
  });
  const client = await open();
  const id = await client.delegate('Begin');
  await untilActivity(client, id, /bash/);
  const session = /\nsession: (ses\S+)/.exec(readFileSync(artifactOf(sandbox, id), 'utf8'))?.[1] ?? '';
  const person = await UserOpenCode.start(sandbox);
  try {
    await person.say(session, 'And who are you?');
    writeFileSync(join(sandbox.project, 'go'), '');
    const {blocks} = await client.read(id, {wait_seconds: 90});
    expect(blocks[0]).toMatch(
      / · completed · .*somebody else wrote to the agent in its session \("And who are you\?"\)/s,
    );
    expect(blocks[1]).toContain('I am an agent.');
  } finally {
    await person.kill();
  }
});

it('a process that dies takes no message with it: what waited is begun with it, and what ran says that it was not given', async () => {
  const gate = createGate();
  const {sandbox, model, open} = await setScene(
    async ({prompt, toolResults}) => {
      if (prompt.startsWith('Elsewhere')) await gate.opened;
      return prompt.startsWith('Run') && toolResults.length === 0 ? WAIT : {text: 'Hello.'};
    },
    {env: {OPENCODE_DELEGATE_CONCURRENCY: '1'}, config: {permission: 'allow'}},
  );
  const client = await open();
  const running = await client.delegate('Run');
  await untilActivity(client, running, /bash/);
  const waiting = await client.delegate('Queue');
  for (const id of [running, waiting]) expect((await tell(client, id)).isError).toBe(false);
  await killAll(sandbox.root);

  const later = await open();
  expect((await later.read(waiting)).blocks[0]).not.toContain('Note:');
  const begun = await model.asked((request) => toldIn(request).join('').includes('Queue'));
  expect(toldIn(begun).join('')).toContain('In French');
  expect((await later.read(running)).blocks[0]).toMatch(
    / · interrupted · .*Note: It ended before its agent was given/s,
  );

  // Nobody but the process that runs it reaches its agent.
  const alone = await open({env: {OPENCODE_DELEGATE_HOST: 'off'}});
  const other = await open({env: {OPENCODE_DELEGATE_HOST: 'off'}});
  const id = await alone.delegate('Elsewhere');
  expect((await tell(other, id)).text).toMatch(/is run by another process .*was not given this/);
  gate.open();
  expect((await alone.read(id)).blocks[1]).toBe('Hello.');
});
