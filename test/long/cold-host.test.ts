import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {killAll, openCodeIn} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';

describe('the first delegation of a day', () => {
  /** A scene in which all that ran yesterday is gone, and what it has found out is on disk. */
  async function nextDay(prepare: (sandbox: Sandbox) => void = () => {}) {
    const models = {models: ['model', 'other']};
    const scene = await setScene(({prompt}) => ({text: `answer to ${prompt}`}), models);
    // Without it, OpenCode writes it into the file as it reads it, and so changes it.
    scene.sandbox.configure({$schema: 'https://opencode.ai/config.json', ...scene.sandbox.config});
    prepare(scene.sandbox);
    const yesterday = await scene.open();
    await yesterday.read(await yesterday.delegate('yesterday'));
    await yesterday.close();
    await killAll(scene.sandbox.root);
    return scene;
  }

  it('is answered while OpenCode has yet to start, and runs as any other', async () => {
    const {model, sandbox, open} = await nextDay();
    const client = await open();
    await client.tools();
    expect(openCodeIn(sandbox.root)).toEqual([]);
    const served = () => sandbox.hostLog().split('serves on').length;
    const before = served();
    const id = await client.delegate('today');
    expect(served()).toBe(before);
    expect((await client.read(id)).blocks[1]).toBe('answer to today');
    expect(model.requests.map(({prompt}) => prompt)).toEqual(['yesterday', 'today']);
  });

  it('waits for OpenCode when the configuration has changed since', async () => {
    const {sandbox, open} = await nextDay();
    sandbox.configure({...sandbox.config, model: 'scripted/unknown'});
    const client = await open();
    const answer = await client.call('delegate', {prompt: 'p'});
    expect(answer).toMatchObject({
      isError: true,
      text: expect.stringContaining('"scripted/unknown" (of your OpenCode configuration) is not among those'),
    });
  });

  it('ends in words when something has changed that could not be seen, and sends nothing', async () => {
    const {model, sandbox, open} = await nextDay(({root, config, configure}) => {
      const file = join(root, 'model');
      writeFileSync(file, 'scripted/model');
      const plugin = join(root, 'chooses.js');
      writeFileSync(
        plugin,
        `import {readFileSync} from 'node:fs';
const config = (settings) => { settings.model = readFileSync(${JSON.stringify(file)}, 'utf8'); };
export default {id: 'chooses', server: async () => ({config})};`,
      );
      const {href} = pathToFileURL(plugin);
      configure({$schema: 'https://opencode.ai/config.json', ...config, plugin: [href]});
    });
    writeFileSync(join(sandbox.root, 'model'), 'scripted/other');
    const client = await open();
    const read = await client.read(await client.delegate('today'));
    expect(read.text).toMatch(
      / · error · .*Why: Your OpenCode configuration has changed: it now gives the agent "build" and the model "scripted\/other" for what was asked, and no longer "build" and "scripted\/model"\. Nothing was sent\. Delegate it again\./s,
    );
    expect((await client.read(await client.delegate('again'))).blocks[1]).toBe('answer to again');
    expect(model.requests.map((request) => [request.prompt, request.model])).toEqual([
      ['yesterday', 'model'],
      ['again', 'other'],
    ]);
  });
});
