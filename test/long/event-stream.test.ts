import {chmodSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {createGate} from '../support/gate.ts';
import {eventually, processesIn} from '../support/processes.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type ModelRequest, ScriptedModel} from '../support/scripted-model.ts';

const PROXY = fileURLToPath(new URL('../support/proxied-opencode.js', import.meta.url));

describe('an event stream that breaks', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start(() => ({text: 'warm'}));
    sandbox = createSandbox({modelUrl: model.url, config: {permission: {bash: 'ask'}}});
    const binary = join(sandbox.root, 'proxied opencode');
    writeFileSync(binary, `#!/bin/sh\nexec "${process.execPath}" "${PROXY}" "$@"\n`);
    chmodSync(binary, 0o755);
    client = await connect(sandbox, {
      env: {OPENCODE_DELEGATE_BIN: binary, OPENCODE_DELEGATE_ON_ASK: 'wait'},
    });
    await client.read(await client.delegate('Warm up'));
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  /** Cuts the event stream; resolves when our side has noticed. */
  async function cut(): Promise<void> {
    const noticed = () => client.log().split('the event stream of OpenCode ended').length;
    const before = noticed();
    signal('SIGUSR2');
    await eventually(() => noticed() > before);
  }

  function mend(): void {
    signal('SIGUSR1');
  }

  function signal(name: NodeJS.Signals): void {
    const proxy = processesIn(sandbox.root).find(({command}) =>
      command.startsWith(`${process.execPath} ${PROXY}`),
    );
    process.kill(proxy?.pid ?? 0, name);
  }

  it('is opened again, and an end that came meanwhile is found by reading', async () => {
    const gate = createGate();
    model.script(async () => {
      await gate.opened;
      return {text: 'said into the gap'};
    });
    const id = await client.delegate('Answer while nobody listens');
    await model.asked(({prompt}) => prompt === 'Answer while nobody listens');
    await cut();
    gate.open();
    const waiting = client.read(id);
    mend();
    expect((await waiting).blocks[1]).toBe('said into the gap');
  });

  it.each([
    ['when it is open again', true],
    ['by looking now and then, when it stays broken', false],
  ])('hides no cost: what a step used meanwhile is counted %s', async (_, isMended) => {
    const gate = createGate();
    model.script(async ({toolResults}) => {
      if (toolResults.length === 1) await gate.opened;
      const input = {filePath: 'nowhere', offset: toolResults.length};
      return toolResults.length > 1 ? await new Promise(() => {}) : {tool: 'read', input, tokens: 50_000};
    });
    const prompt = `Spend while nobody listens, ${isMended}`;
    const hasSteps = (steps: number) => (request: ModelRequest) =>
      request.prompt === prompt && request.toolResults.length === steps;
    const id = await client.delegate(prompt, {max_cost_usd: 0.1});
    await model.asked(hasSteps(1));
    await cut();
    gate.open();
    await model.asked(hasSteps(2));
    if (isMended) mend();
    const {text} = await client.read(id);
    mend();
    expect(text).toContain('Why: It reached its limit of $0.10: it had cost $0.1001.');
  });

  it('does not matter when it never comes back: the end is found by looking now and then', async () => {
    const gate = createGate();
    model.script(async () => {
      await gate.opened;
      return {text: 'found by looking'};
    });
    const id = await client.delegate('Answer into the silence');
    await model.asked(({prompt}) => prompt === 'Answer into the silence');
    await cut();
    gate.open();
    expect((await client.read(id)).blocks[1]).toBe('found by looking');
    mend();
  });

  it('hides no request of an agent below that was opened meanwhile', async () => {
    const gate = createGate();
    model.script(async ({prompt, toolResults}) => {
      if (toolResults.length > 0) return {text: `The tool said: ${toolResults[0]}`};
      if (prompt === 'nested work') return {tool: 'bash', input: {command: 'echo below', description: 'ask'}};
      await gate.opened;
      return {tool: 'task', input: {description: 'n', prompt: 'nested work', subagent_type: 'general'}};
    });
    const id = await client.delegate('Use another agent');
    await model.asked(({prompt}) => prompt === 'Use another agent');
    await cut();
    gate.open();
    await model.asked(({prompt}) => prompt === 'nested work');
    const waiting = client.read(id);
    mend();
    expect((await waiting).text).toContain('permission bash: echo below');
    await client.call('delegation_reply', {id, decision: 'allow'});
    expect((await client.read(id)).blocks[1]).toContain('below');
  });

  it.each([
    ['is mended', true],
    ['stays broken', false],
  ])('hides no permission request for long, when it %s', async (_, isMended) => {
    const gate = createGate();
    const prompt = `Ask while nobody listens, mended: ${isMended}`;
    model.script(async ({toolResults}) => {
      if (toolResults.length > 0) return {text: `The tool said: ${toolResults[0]}`};
      await gate.opened;
      return {tool: 'bash', input: {command: 'true', description: 'ask'}};
    });
    const id = await client.delegate(prompt);
    await model.asked((request) => request.prompt === prompt);
    await cut();
    gate.open();
    const waiting = client.read(id);
    if (isMended) mend();
    expect((await waiting).text).toContain('permission bash: true');
    await client.call('delegation_reply', {id, decision: 'deny', message: 'Not now.'});
    const end = client.read(id);
    mend();
    const read = await end;
    expect(read.blocks[1]).toContain('feedback: Not now.');
    expect(read.blocks[0]).toContain('Asked for: permission bash: true (denied: "Not now.")');
  });
});
