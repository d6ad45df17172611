import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient, untilActivity} from '../support/client.ts';
import {createGate} from '../support/gate.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

/** So often OpenCode asks again. */
const RETRIES = 5;
const BUSY = {model: 'scripted/busy'};

const limited = /scripted\/busy is rate-limited until \d\d:\d\d/;

describe('a model with a limit of its own', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start(() => ({text: 'warm'}));
    sandbox = createSandbox({
      modelUrl: model.url,
      models: ['model', 'busy'],
      config: {agent: {general: {model: 'scripted/busy'}}},
    });
    client = await connect(sandbox, {env: {OPENCODE_DELEGATE_LIMITS: 'scripted/busy=2'}});
    await client.read(await client.delegate('Warm up'));
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  const asked = (name: string) => model.asked(({prompt}) => prompt === name);

  it('that is full holds up nobody but its own, and says so', async () => {
    const gate = createGate();
    model.script(async ({prompt}) => {
      if (prompt.startsWith('held')) await gate.opened;
      return {text: `answer to ${prompt}`};
    });
    const held = [await client.delegate('held 1', BUSY), await client.delegate('held 2', BUSY)];
    const third = await client.call('delegate', {prompt: 'third', ...BUSY});
    expect(third.text).toMatch(/ · queued, place 1 · scripted\/busy is at its limit of 2 · /);
    const other = await client.delegate('another model');
    expect((await client.read(other)).blocks[1]).toBe('answer to another model');
    expect(model.requests.map(({prompt}) => prompt)).not.toContain('third');
    gate.open();
    for (const id of [...held, third.text.split(' ')[0] ?? ''])
      expect((await client.read(id)).text).toContain(' · completed · ');
  });

  it.each([
    {status: 429, message: 'Rate limit reached for requests'},
    {status: 529, message: 'Overloaded'},
    {status: 429, message: 'Not now, in words that nobody knows'},
  ])(
    'that answers $status ($message) waits for its provider, visibly, while the others go on',
    async (refusal) => {
      const name = (what: string) => `${what} ${refusal.message}`;
      let refusals = 0;
      model.script(({prompt, model: which}) => {
        if (which !== 'busy' || refusals > 0) return {text: `answer to ${prompt}`};
        refusals += 1;
        return {...refusal, headers: {'retry-after': '4'}};
      });
      const first = await client.delegate(name('first'), BUSY);
      await untilActivity(client, first, /waiting for the provider/);

      const second = await client.call('delegate', {prompt: name('second'), ...BUSY});
      expect(second.text).toMatch(new RegExp(` · queued, place 1 · ${limited.source} · `));
      const id = second.text.split(' ')[0] ?? '';
      expect((await client.call('delegation_list')).text).toMatch(
        new RegExp(`${id} · queued · place 1 · ${limited.source}`),
      );
      expect((await client.read(id, {wait_seconds: 0})).text).toMatch(
        new RegExp(`Place 1 in the queue: ${limited.source}\\.`),
      );

      const other = await client.delegate(name('other'));
      await asked(name('other'));
      expect((await client.read(other)).text).toContain(' · completed · ');
      expect(model.requests.map(({prompt}) => prompt)).not.toContain(name('second'));

      expect((await client.read(first)).blocks[1]).toBe(`answer to ${name('first')}`);
      expect((await client.read(id)).blocks[1]).toBe(`answer to ${name('second')}`);
    },
  );

  it('that refuses an agent below a delegation to another model waits as well', async () => {
    let refusals = 0;
    model.script(({prompt, toolResults}) => {
      if (prompt === 'ask another' && toolResults.length === 0)
        return {tool: 'task', input: {description: 'n', prompt: 'nested', subagent_type: 'general'}};
      if (prompt !== 'nested' || refusals > 0) return {text: `answer to ${prompt}`};
      refusals += 1;
      return {status: 429, message: 'Rate limit reached', headers: {'retry-after': '4'}};
    });
    const first = await client.delegate('ask another');
    await untilActivity(client, first, /waiting for the provider/);
    const second = await client.call('delegate', {prompt: 'after nested', ...BUSY});
    expect(second.text).toMatch(limited);
    expect((await client.read(second.text.split(' ')[0] ?? '')).blocks[1]).toBe('answer to after nested');
    expect((await client.read(first)).blocks[1]).toBe('answer to ask another');
  });

  it('that refuses until OpenCode gives up waits for as long as was said last', async () => {
    let refusals = 0;
    model.script(({prompt}) => {
      if (prompt !== 'refused') return {text: `answer to ${prompt}`};
      refusals += 1;
      const headers: Record<string, string> =
        refusals < RETRIES + 1 ? {'retry-after-ms': '1'} : {'retry-after': '4'};
      return {status: 429, message: 'Rate limit reached', headers};
    });
    const refused = await client.read(await client.delegate('refused', BUSY));
    expect(refused.text).toMatch(/ · error · .*Rate limit reached/s);
    expect(refusals).toBe(RETRIES + 1);
    const second = await client.call('delegate', {prompt: 'after the refusal', ...BUSY});
    expect(second.text).toMatch(limited);
    expect((await client.read(second.text.split(' ')[0] ?? '')).blocks[1]).toBe(
      'answer to after the refusal',
    );
  });
});
