import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {createGate} from '../support/gate.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

describe('a full house', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start(() => ({text: 'warm'}));
    sandbox = createSandbox({modelUrl: model.url});
    client = await connect(sandbox, {env: {OPENCODE_DELEGATE_CONCURRENCY: '2'}});
    await client.read(await client.delegate('Warm up'));
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  it('queues what is over the limit, in order, and a timeout gives its slot to the next', async () => {
    const gate = createGate();
    model.script(async ({prompt}) => {
      if (prompt.startsWith('stuck')) return {stall: 'stuck'};
      await gate.opened;
      return {text: prompt};
    });
    const held = await client.delegate('held');
    const stuck = await client.delegate('stuck', {timeout_minutes: 0.04});
    const third = await client.call('delegate', {prompt: 'third', timeout_minutes: 0.5});
    const fourth = await client.call('delegate', {prompt: 'fourth'});
    expect(third.text).toMatch(/ · queued, place 1 · all 2 slots taken · /);
    expect(fourth.text).toMatch(/ · queued, place 2 · /);
    const [thirdId = '', fourthId = ''] = [third, fourth].map(({text}) => text.split(' ')[0]);
    expect((await client.read(fourthId, {wait_seconds: 0})).text).toMatch(
      / · queued · .*\nPlace 2 in the queue: all 2 slots taken\. Waiting for /s,
    );

    const cancelled = await client.call('delegation_cancel', {id: fourthId});
    expect(cancelled.text).toContain(`${fourthId} is cancelled. It had written nothing.`);

    expect((await client.read(stuck)).text).toContain(' · timeout · ');
    await model.asked(({prompt}) => prompt === 'third');
    gate.open();
    expect((await client.read(thirdId)).blocks[1]).toBe('third');
    expect((await client.read(held)).blocks[1]).toBe('held');
    expect(model.requests.some(({prompt}) => prompt === 'fourth')).toBe(false);
  });

  it('never runs more at once than the limit', async () => {
    let running = 0;
    let most = 0;
    model.script(async ({prompt}) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return {text: prompt};
    });
    const prompts = Array.from({length: 12}, (_, n) => `piece ${n}`);
    const ids = await Promise.all(prompts.map((prompt) => client.delegate(prompt)));
    const answers = await Promise.all(ids.map((id) => client.read(id, {wait_seconds: 60})));
    expect(answers.map(({blocks}) => blocks[1])).toEqual(prompts);
    expect(most).toBeLessThanOrEqual(2);
  });
});
