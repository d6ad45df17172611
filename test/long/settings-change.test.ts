import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {createGate} from '../support/gate.ts';
import {eventually, openCodeIn} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {providerOf} from '../support/scripted-model.ts';

const HOST = {env: {OPENCODE_DELEGATE_HOST: 'on'}, models: ['model', 'other']};

/** The provider with this key in its options, or with none. */
function withKey(provider: Record<string, unknown>, apiKey: string | undefined): unknown {
  const {scripted} = provider as {scripted: {options: {baseURL: string}}};
  const {baseURL} = scripted.options;
  return {scripted: {...scripted, options: {baseURL, ...(apiKey !== undefined && {apiKey})}}};
}

function writeKey({env}: Sandbox, place: string, key: string): void {
  const path = join(env.HOME ?? '', place);
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, place.endsWith('.json') ? JSON.stringify({scripted: {type: 'api', key}}) : key);
}

describe('a change of what OpenCode reads', () => {
  it('is in force for the next delegation, and what runs goes on undisturbed', async () => {
    const gate = createGate();
    const {model, sandbox, open} = await setScene(async ({prompt}) => {
      if (prompt === 'first') await gate.opened;
      return {text: `answer to ${prompt}`};
    }, HOST);
    const client = await open();
    const first = await client.delegate('first');
    await eventually(() => model.requests.length === 1);

    sandbox.configure({...sandbox.config, permission: {bash: 'deny'}});
    expect((await client.read(await client.delegate('second'))).blocks[1]).toBe('answer to second');
    expect(openCodeIn(sandbox.root)).toHaveLength(2);

    gate.open();
    expect((await client.read(first)).blocks[1]).toBe('answer to first');
    await eventually(() => openCodeIn(sandbox.root).length === 1);
    writeFileSync(join(sandbox.project, 'opencode.json'), JSON.stringify({model: 'scripted/other'}));
    await client.read(await client.delegate('third'));
    await eventually(() => openCodeIn(sandbox.root).length === 1);
    expect(model.requests.map((each) => [each.prompt, each.model, each.tools.includes('bash')])).toEqual([
      ['first', 'model', true],
      ['second', 'model', false],
      ['third', 'other', false],
    ]);
  });

  it('is noticed beside a skill with thousands of files, and is a tool, a skill or a plugin as well', async () => {
    const {model, sandbox, open} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}), HOST);
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(sandbox.root, path)), {recursive: true});
      writeFileSync(join(sandbox.root, path), text);
    };
    const skill = (name: string) => `---\nname: ${name}\ndescription: Knows ${name}.\n---\nDo.`;
    const plugin = (mark: string) =>
      `export const P = async () => ({'experimental.chat.system.transform': async (_, o) => { o.system.push('${mark}'); }});`;
    put('home/.config/opencode/skills/pdf/SKILL.md', skill('pdf'));
    for (let n = 0; n < 2_100; n++) put(`home/.config/opencode/skills/pdf/node_modules/x/${n}.js`, 'x');
    put('home/plugin.js', plugin('mark-one'));
    const plain = {...sandbox.config, plugin: [`file://${join(sandbox.root, 'home/plugin.js')}`]};
    sandbox.configure(plain);
    const client = await open();
    const asked = async (prompt: string) => {
      await client.read(await client.delegate(prompt));
      return model.requests.find((each) => each.prompt === prompt && each.tools.length > 0);
    };
    expect((await asked('before'))?.tools).toContain('bash');

    sandbox.configure({...plain, permission: {bash: 'deny'}});
    put('home/plugin.js', plugin('mark-two'));
    put('home/.claude/skills/zebra/SKILL.md', skill('zebra'));
    put(
      'home/.config/opencode/tools/deploy.ts',
      `export default {description: 'd', args: {}, execute: async () => ''};`,
    );
    const after = await asked('after');
    expect(after?.tools).not.toContain('bash');
    expect(after?.tools).toContain('deploy');
    expect(after?.system).toContain('mark-two');
    expect(JSON.stringify(after)).toContain('zebra');
    expect(openCodeIn(sandbox.root)).toHaveLength(1);
  });

  it.each([
    ['logged in with', undefined, '.local/share/opencode/auth.json'],
    ['named in a file', '{file:~/key.txt}', 'key.txt'],
  ])('is a key as well, %s: after a 401, the next delegation has the new one', async (_, apiKey, place) => {
    const {model, sandbox, open} = await setScene(({key}) =>
      key === 'Bearer right-key' ? {text: 'let in'} : {status: 401, message: 'Incorrect API key'},
    );
    const provider = withKey(providerOf(model.url), apiKey);
    sandbox.configure({...sandbox.config, provider});
    writeKey(sandbox, place, 'wrong-key');
    const client = await open();
    expect((await client.read(await client.delegate('one'))).text).toMatch(/ · error · .*\(HTTP 401\)/s);
    writeKey(sandbox, place, 'right-key');
    expect((await client.read(await client.delegate('two'))).blocks[1]).toBe('let in');
  });

  it('is what starts a server again, and a mistyped agent or model is not', async () => {
    const {sandbox, open} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}), HOST);
    const client = await open();
    await client.read(await client.delegate('a'));
    for (const mistyped of [{agent: 'biuld'}, {model: 'scripted/modle'}]) {
      expect(await client.call('delegate', {prompt: 'p', ...mistyped})).toMatchObject({isError: true});
    }
    await client.read(await client.delegate('b'));
    expect(sandbox.hostLog().split('serves on')).toHaveLength(2);
  });
});
