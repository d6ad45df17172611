import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, it} from 'vitest';
import {z} from 'zod';
import {TOOL_DEFINITIONS} from '../../src/mcp/server.ts';
import {node22} from '../support/node22.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';

const INSPECTOR = fileURLToPath(
  new URL(
    '../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
    import.meta.url,
  ),
);

const listed = z.object({result: z.object({tools: z.array(z.object({name: z.string()}))})});
const called = z.object({result: z.object({content: z.array(z.object({text: z.string()}))})});

describe.concurrent.each(['legacy', 'modern'])('the inspector, in the %s era of the protocol', (era) => {
  let sandbox: Sandbox;

  beforeAll(() => {
    sandbox = createSandbox();
  });

  afterAll(() => sandbox.remove());

  async function inspect(...args: string[]): Promise<unknown> {
    const {stdout} = await execa(
      node22(),
      // The server itself runs on the Node of the machine.
      [
        // It hands on next to nothing of its environment by itself.
        ...[INSPECTOR, '--cli', ...environment(sandbox), process.execPath, BIN, ...args],
        ...['--protocol-era', era, '--format', 'json', '--quiet'],
      ],
      {cwd: sandbox.project, env: sandbox.env, extendEnv: false},
    );
    return JSON.parse(stdout);
  }

  it('lists our tools, and finds nothing in their schemas that another client could not take', async ({
    expect,
  }) => {
    // Strictly, it fails for a schema that is not portable.
    const {tools} = listed.parse(await inspect('--method', 'tools/list', '--strict')).result;
    expect(tools.map(({name}) => name)).toEqual(TOOL_DEFINITIONS.map(({name}) => name));
  });

  it('calls one', async ({expect}) => {
    const args = ['--method', 'tools/call', '--tool-name', 'delegation_list', '--tool-arg', 'limit=3'];
    const {content} = called.parse(await inspect(...args)).result;
    expect(content).toEqual([{text: 'No delegations in this project yet.'}]);
  });
});

/** With it, one tool more is offered. */
const ALL_TOOLS = {OPENCODE_DELEGATE_ON_ASK: 'wait'};

function environment({env}: Sandbox): readonly string[] {
  return Object.entries({...env, ...ALL_TOOLS}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
}
