import {afterEach, beforeEach, expect, it} from 'vitest';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {PLUGIN, UserOpenCode} from '../support/user-opencode.ts';

let model: ScriptedModel;
let sandbox: Sandbox | undefined;
let opencode: UserOpenCode | undefined;

beforeEach(async () => {
  model = await ScriptedModel.start();
});

afterEach(async () => {
  await opencode?.kill();
  await model.close();
  await sandbox?.remove();
});

async function start(config: Record<string, unknown>): Promise<UserOpenCode> {
  sandbox = createSandbox({modelUrl: model.url, config});
  opencode = await UserOpenCode.start(sandbox);
  return opencode;
}

it('an option of the plugin adds no server', async () => {
  const {client} = await start({plugin: [[PLUGIN, {mcp: false}]]});
  expect((await client.mcp.status()).data).toEqual({});
});

it("an entry of the person's own is used, under its own name", async () => {
  const mine = {type: 'local', command: ['node', BIN]};
  const person = await start({plugin: [PLUGIN], mcp: {'my agents': mine}});
  const session = await person.session();
  model.script(({prompt, toolResults}) => {
    if (prompt !== 'go') return {text: prompt.includes('<task-notification>') ? 'Noted.' : 'An answer'};
    return toolResults.length === 0
      ? {tool: 'my_agents_delegate', input: {prompt: 'work'}}
      : {text: 'Carrying on.'};
  });
  await person.say(session, 'go');
  expect(Object.keys((await person.client.mcp.status()).data ?? {})).toEqual(['my agents']);
  await person.until(session, (all) => all.at(-1)?.text === 'Noted.');
});

it('a server that cannot be started leaves OpenCode as it is without the plugin', async () => {
  const gone = {type: 'local', command: ['node', '/nowhere/opencode-delegate/dist/main.cjs']};
  const person = await start({plugin: [PLUGIN], mcp: {gone}});
  const session = await person.session();
  await person.say(session, 'hello');
  expect((await person.transcript(session)).at(-1)?.text).toBe('done');
  expect((await person.client.mcp.status()).data).toMatchObject({gone: {status: 'failed'}});
});
