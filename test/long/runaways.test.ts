import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

/** Delegations here stay apart by their prompts, so that they can run at the same time. */
describe.concurrent('a runaway', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;
  const scripts = new Map<string, (step: number) => Reply>();

  beforeAll(async () => {
    model = await ScriptedModel.start(
      ({prompt, toolResults}) => scripts.get(prompt)?.(toolResults.length) ?? {text: 'warm'},
    );
    sandbox = createSandbox({modelUrl: model.url, config: {permission: {bash: {'touch *': 'ask'}}}});
    for (let n = 0; n < 40; n++) writeFileSync(join(sandbox.project, `${n}.txt`), `file ${n}`);
    client = await connect(sandbox, {
      env: {
        OPENCODE_DELEGATE_MAX_TOOL_CALLS: '25',
        OPENCODE_DELEGATE_IDLE_MINUTES: '0.1',
        OPENCODE_DELEGATE_ON_ASK: 'wait',
        OPENCODE_DELEGATE_ASK_SECONDS: '9',
      },
    });
    await client.read(await client.delegate('Warm up'));
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  async function readOf(name: string, script: (step: number) => Reply) {
    scripts.set(name, script);
    return client.read(await client.delegate(name), {wait_seconds: 60});
  }

  const reading = (file: string): Reply => ({tool: 'read', input: {filePath: file}, text: 'Reading.'});

  it('that repeats itself ends as an error that says so, with what it had', async () => {
    const {blocks} = await readOf('again and again', () => reading('1.txt'));
    expect(blocks[0]).toMatch(
      / · error · .*20 tool calls\nWhy: It called the tool read with the same input 20 times in a row\./s,
    );
    expect(blocks[1]).toMatch(/^Reading\.\n/);
  });

  it('that repeats itself is found where the provider gives all its calls the same id', async () => {
    const {blocks} = await readOf('again with one id', () => ({...reading('2.txt'), callId: 'call_0'}));
    expect(blocks[0]).toContain('Why: It called the tool read with the same input 20 times in a row.');
  });

  it('that lets another agent make its calls is found', async () => {
    scripts.set('read all of it', (step) => reading(`${step}.txt`));
    const {blocks} = await readOf('let others work', () => ({
      tool: 'task',
      input: {description: 'n', prompt: 'read all of it', subagent_type: 'general'},
    }));
    expect(blocks[0]).toContain('Why: It made more than 25 tool calls.');
  });

  it('that never comes to an end ends as an error that says so', async () => {
    const {blocks} = await readOf('on and on', (step) => reading(`${step}.txt`));
    expect(blocks[0]).toMatch(/ · error · .*Why: It made more than 25 tool calls\. Delegate the rest/s);
  });

  it('that falls silent ends as an error that says so, with what it had', async () => {
    const {blocks} = await readOf('silence', () => ({stall: 'The first half'}));
    expect(blocks[0]).toMatch(
      / · error · .*Why: Nothing was heard of it for 0\.1 minutes, and nothing of it ran/s,
    );
    expect(blocks[1]).toBe('The first half');
  });

  it('is not one that waits for a command which takes longer than silence may', async () => {
    const {blocks} = await readOf('patience', (step) =>
      step === 0
        ? {tool: 'bash', input: {command: 'sleep 9', description: 'wait'}}
        : {text: 'It took a while.'},
    );
    expect(blocks[1]).toBe('It took a while.');
  });

  it('is not one that waits longer for an answer to its request', async () => {
    const {blocks} = await readOf('question', (step) =>
      step === 0
        ? {tool: 'bash', input: {command: 'touch me.txt', description: 'ask'}}
        : {text: 'Nobody said anything.'},
    );
    const id = (blocks[0] ?? '').split(' ')[0] ?? '';
    expect(blocks[0]).toContain('blocked');
    expect((await client.read(id)).blocks[1]).toBe('Nobody said anything.');
  });

  it('is not one whose provider asked for a pause that is longer', async () => {
    let refusals = 0;
    const {blocks} = await readOf('pause', () => {
      refusals += 1;
      if (refusals > 1) return {text: 'After a pause.'};
      return {status: 429, message: 'Rate limit reached', headers: {'retry-after': '9'}};
    });
    expect(blocks[1]).toBe('After a pause.');
  });
});
