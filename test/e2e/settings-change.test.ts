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

  it('is what starts a server anew, and a mistyped agent or model is not', async () => {
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
