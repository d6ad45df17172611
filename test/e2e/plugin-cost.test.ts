import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect} from '../support/client.ts';
import {createPluginSandbox} from '../support/plugin-sandbox.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {type ModelRequest, ScriptedModel} from '../support/scripted-model.ts';
import {PREFIX, UserOpenCode} from '../support/user-opencode.ts';

/** What all of it may cost every request of a person's OpenCode, in characters, by what becomes of requests. */
const MAX_CHARS = {reject: 4_000, wait: 4_100};
const RESOURCE_TOOLS = ['list_mcp_resources', 'list_mcp_resource_templates', 'read_mcp_resource'];

const TOOLS = ['delegate', 'delegation_cancel', 'delegation_list', 'delegation_read', 'delegation_reply'];

let model: ScriptedModel;
let sandbox: Sandbox;

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = await createPluginSandbox({modelUrl: model.url});
});

afterAll(async () => {
  await model.close();
  await sandbox.remove();
});

function instructionsIn({system}: ModelRequest): string {
  return /<server name="opencode-delegate">.*?<\/server>/s.exec(system)?.[0] ?? '';
}

function costOf(request: ModelRequest): {names: readonly string[]; chars: number} {
  const ours = Object.entries(request.sizes).filter(
    ([name]) => name.startsWith(PREFIX) || RESOURCE_TOOLS.includes(name),
  );
  const instructions = instructionsIn(request);
  expect(instructions).toContain('Hands work to background OpenCode agents');
  return {
    names: ours.map(([name]) => name.replace(PREFIX, '')).sort(),
    chars: ours.reduce((sum, [, size]) => sum + size, instructions.length),
  };
}

describe('in every request of a person’s OpenCode', () => {
  let opencode: UserOpenCode;
  let request: ModelRequest;

  beforeAll(async () => {
    opencode = await UserOpenCode.start(sandbox);
    await opencode.say(await opencode.session(), 'hello');
    request = await model.asked(({prompt}) => prompt === 'hello');
  });

  afterAll(() => opencode.kill());

  it('tools and instructions are short', () => {
    const {names, chars} = costOf(request);
    expect(names).toEqual(TOOLS);
    expect(chars).toBeLessThanOrEqual(MAX_CHARS.reject);
  });

  it('and a person can attach a result all the same', async () => {
    model.script(() => ({text: 'What was found out.'}));
    const client = await connect(sandbox);
    const id = await client.delegate('Find out');
    await client.read(id);
    await client.close();
    const {data = {}} = await opencode.client.experimental.resource.list();
    const resource = Object.values(data).find(({uri}) => uri === `delegation://${id}`);
    expect(resource).toMatchObject({client: 'opencode-delegate'});
    const session = await opencode.session();
    const {error} = await opencode.client.session.prompt({
      sessionID: session,
      model: {providerID: 'scripted', modelID: 'model'},
      parts: [
        {type: 'text', text: 'look at this'},
        {
          type: 'file',
          mime: 'text/markdown',
          url: `delegation://${id}`,
          filename: id,
          source: {
            type: 'resource',
            clientName: 'opencode-delegate',
            uri: `delegation://${id}`,
            text: {value: `@${id}`, start: 0, end: 1},
          },
        },
      ],
    });
    expect(error).toBeUndefined();
    expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain('## Result');
  });
});

it('some words more are there where requests are waited on', async () => {
  const waiting = {...sandbox, env: {...sandbox.env, OPENCODE_DELEGATE_ON_ASK: 'wait'}};
  const opencode = await UserOpenCode.start(waiting);
  try {
    await opencode.say(await opencode.session(), 'with requests');
    const {names, chars} = costOf(await model.asked(({prompt}) => prompt === 'with requests'));
    expect(names).toEqual(TOOLS);
    expect(chars).toBeLessThanOrEqual(MAX_CHARS.wait);
  } finally {
    await opencode.kill();
  }
});

it('tools for resources stay where another MCP server may have some', async () => {
  sandbox.configure({
    ...sandbox.config,
    mcp: {other: {type: 'remote', url: 'http://127.0.0.1:9/mcp', enabled: true}},
  });
  const opencode = await UserOpenCode.start(sandbox);
  try {
    await opencode.say(await opencode.session(), 'with another');
    const {tools} = await model.asked(({prompt}) => prompt === 'with another');
    expect(tools).toEqual(expect.arrayContaining(RESOURCE_TOOLS));
  } finally {
    await opencode.kill();
  }
});
