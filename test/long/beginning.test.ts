import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {untilActivity} from '../support/client.ts';
import {setScene} from '../support/scene.ts';

/** Longer than a look at what keeps it, and shorter than what keeps it here. */
const SILENCE = {env: {OPENCODE_DELEGATE_IDLE_MINUTES: '0.15'}};

const COMMAND = {tool: 'bash', input: {command: 'true', description: 'a command'}} as const;

/** A plugin of the person's, whose hook does not return from one of its calls on. The agent calls a tool at first. */
async function sceneWithHook(hook: string, from = 1) {
  const scene = await setScene(({toolResults}) => (toolResults.length === 0 ? COMMAND : {text: 'hello'}), {
    ...SILENCE,
    config: {permission: 'allow'},
  });
  const file = join(scene.sandbox.root, 'hanging-plugin.js');
  const hanging = `'${hook}': () => (++calls < ${from} ? undefined : new Promise(() => {}))`;
  writeFileSync(file, `let calls = 0; export const Hanging = async () => ({${hanging}});`);
  scene.sandbox.configure({...scene.sandbox.config, plugin: [pathToFileURL(file).href]});
  return scene;
}

describe('before OpenCode asks the model', () => {
  it('an MCP server of the person that does not start is named, and is no silence of the model', async () => {
    const mcp = {slow: {type: 'local', command: ['sleep', '1000'], timeout: 20_000}};
    const {open} = await setScene(() => ({text: 'hello'}), {...SILENCE, config: {mcp}});
    const client = await open();
    const id = await client.delegate('Begin');
    await untilActivity(client, id, /waiting for the MCP servers of OpenCode's configuration: slow/);
    expect((await client.read(id)).blocks[1]).toBe('hello');
  });

  it('a hook of a plugin that keeps the prompt is named, also when the time is over', async () => {
    const client = await (await sceneWithHook('chat.message')).open();
    const id = await client.delegate('Begin', {timeout_minutes: 0.5});
    await untilActivity(client, id, /OpenCode has not taken up the prompt, .*\(hanging-plugin\.js\)/);
    const {blocks} = await client.read(id);
    expect(blocks[0]).toMatch(/ · timeout · .*At last: OpenCode has not taken up the prompt/s);
  });

  it.each([
    ['chat.params', 1],
    ['chat.params', 2],
    ['experimental.chat.messages.transform', 2],
  ])(
    'a hook of a plugin that may be what is silent is named beside the model: %s, call %i',
    async (hook, from) => {
      const client = await (await sceneWithHook(hook, from)).open();
      const {blocks} = await client.read(await client.delegate('Begin'));
      expect(blocks[0]).toMatch(
        / · error · .*nothing of it ran: waiting for the model, or for a hook of a plugin .*\(hanging-plugin\.js\)/s,
      );
    },
  );
});
