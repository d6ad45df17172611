import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {TestClient} from '../support/client.ts';
import {runCommand} from '../support/command.ts';
import {createGate, type Gate} from '../support/gate.ts';
import {eventually, killAll} from '../support/processes.ts';
import {artifactOf, HOST_MODE} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import type {Script} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';

const PRICE = {type: 'object', required: ['price'], properties: {price: {type: 'number', minimum: 0}}};
const ASKED_AGAIN = 'Your answer does not fit what was asked for';

const shared = shareHome({config: {permission: {bash: 'ask'}}, env: {OPENCODE_DELEGATE_ON_ASK: 'wait'}});

/** Answers to the prompt as the test says, and with the second text when it is asked to repair that. */
function answering(first: string, second: string): Script {
  return ({prompt}) => ({text: prompt.startsWith(ASKED_AGAIN) ? second : first});
}

describe('a read without an id', () => {
  it('returns whichever is first to end or to ask, each once, and says when there is nothing', async () => {
    const gates = new Map<string, Gate>();
    const {sandbox, open} = shared.scene(async ({prompt, toolResults}) => {
      await gates.get(prompt)?.opened;
      if (prompt === 'Ask' && toolResults.length === 0)
        return {tool: 'bash', input: {command: 'true', description: 'Ask first'}};
      return {text: `Answer to ${prompt}`};
    });
    const client = await open();
    const first = () => client.call('delegation_read');
    expect((await first()).text).toMatch(/^Nothing to wait for: /);
    const ids = new Map<string, string>();
    for (const prompt of ['Slow', 'Fast', 'Ask']) {
      gates.set(prompt, createGate());
      ids.set(prompt, await client.delegate(prompt));
    }
    const progress: string[] = [];
    const waits = client.call('delegation_read', {}, {onProgress: (message) => progress.push(message)});
    await eventually(() => progress.some((line) => /^waiting for the first of 3 delegations · /.test(line)));
    gates.get('Fast')?.open();
    expect((await waits).blocks[1]).toBe('Answer to Fast');
    const asked = first();
    gates.get('Ask')?.open();
    expect((await asked).text).toMatch(new RegExp(`^${ids.get('Ask')} · running, blocked`));

    expect((await client.call('delegation_read', {wait_seconds: 0.1})).text).toMatch(
      /^None has ended yet: [a-z-]+ \(running\), [a-z-]+ \(running\)\. delegation_read\(\) waits/,
    );
    const any = runCommand(sandbox, ['wait', '--any']);
    expect(await any).toMatchObject({exitCode: 3, stdout: expect.stringContaining(ids.get('Ask') ?? '')});
    await client.call('delegation_reply', {id: ids.get('Ask'), decision: 'allow'});
    await client.read(ids.get('Ask') ?? '');
    const ended = runCommand(sandbox, ['wait', '--any']);
    gates.get('Slow')?.open();
    expect((await first()).blocks[1]).toBe('Answer to Slow');
    if (HOST_MODE === 'on') expect([0, 1]).toContain((await ended).exitCode);
    expect(await runCommand(sandbox, ['wait', '--any'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Nothing to wait for'),
    });
  });
});

describe('an answer that is expected to fit a schema', () => {
  const read = async (client: TestClient, id: string) => {
    const {blocks} = await client.read(id);
    return {head: blocks[0] ?? '', text: blocks[1]};
  };

  it('is the value alone where it fits, in the record and as JSON; the agent was told', async () => {
    const {sandbox, model, open} = shared.scene(answering('Here:\n```json\n{"price": 5}\n```\nDone.', 'no'));
    const client = await open();
    const id = await client.delegate('Say the price', {expect: PRICE});
    expect((await read(client, id)).text).toBe('{"price": 5}');
    const {messages} = await model.asked(({prompt}) => prompt.startsWith('Say the price'));
    expect(JSON.stringify(messages.at(-1))).toContain('fits the JSON Schema below');
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toMatch(
      /\nexpect: '\{"type":.*## Result\n\n\{"price": 5\}\n$/s,
    );
    const shown = JSON.parse((await runCommand(sandbox, ['show', id, '--json'])).stdout);
    expect(shown).toMatchObject({value: {price: 5}, expect: PRICE, text: '{"price": 5}'});
  });

  it('is asked for once more where it does not, in the same session', async () => {
    const {sandbox, model, open} = shared.scene(answering('About five.', '{"price": 5}'));
    writeFileSync(join(sandbox.project, 'price.json'), JSON.stringify(PRICE));
    const {stdout: id} = await runCommand(sandbox, [
      'run',
      'Say the price',
      '--expect',
      'price.json',
      '--wait',
    ]);
    const client = await open();
    const {head, text} = await read(client, id);
    expect(head).toMatch(/ · completed · .*200 tokens in/s);
    expect(text).toBe('{"price": 5}');
    const {messages} = await model.asked(({prompt}) => prompt.startsWith(ASKED_AGAIN));
    expect(JSON.stringify(messages)).toMatch(
      /Say the price.*About five\..*the answer is not one JSON value/s,
    );
    expect((await runCommand(sandbox, ['logs', id])).stdout).toMatch(
      /^> Say the price\n.*About five\.\n> Your answer.*\n\{"price": 5\}$/s,
    );
  });

  it('is an error with both the answer and what does not fit where it still does not', async () => {
    const {open} = shared.scene(answering('{"price": "5"}', '{"price": -5}'));
    const client = await open();
    const id = await client.delegate('Say the price', {expect: JSON.stringify(PRICE)});
    const {head, text} = await read(client, id);
    expect(head).toMatch(
      / · error · .*does not fit the schema that was expected, also after its agent was asked once to repair it: price: -5 is less than 0/s,
    );
    expect(text).toBe('{"price": -5}');
  });

  it('is an error where its provider refuses to repair it, after one request', async () => {
    let asked = 0;
    const {open} = shared.scene(({prompt}) => {
      if (!prompt.startsWith(ASKED_AGAIN)) return {text: 'About five.'};
      asked += 1;
      return asked > 9 ? {text: '{"price": 5}'} : {status: 400, message: 'No credit is left'};
    });
    const client = await open();
    const {head, text} = await read(client, await client.delegate('Say the price', {expect: PRICE}));
    expect(head).toMatch(/ · error · .*does not fit .*No credit is left/s);
    expect(text).toBe('About five.');
    expect(asked).toBe(1);
  });

  it('counts for the limit of cost before it is repaired, and while it is', async () => {
    const step = {tokens: 50_000};
    const {model, open} = shared.scene(({messages, toolResults}) => {
      if (!JSON.stringify(messages).includes(ASKED_AGAIN)) return {text: 'About five.', ...step};
      const input = {filePath: `${toolResults.length}`};
      return toolResults.length < 9 ? {tool: 'read', input, ...step} : {text: '{"price": 5}', ...step};
    });
    const client = await open();
    const within = await client.delegate('Say the price', {expect: PRICE, max_cost_usd: 0.14});
    expect((await read(client, within)).head).toContain('It reached its limit of $0.14: it had cost $0.15');
    const before = model.requests.length;
    const above = await client.delegate('Say the price', {expect: PRICE, max_cost_usd: 0.04});
    expect((await read(client, above)).head).toMatch(/ · error · .*its limit of \$0\.04.* does not fit /s);
    expect(model.requests).toHaveLength(before + 1);
  });

  it('is refused at once where the schema is none, and hangs nothing where a pattern would', async () => {
    const {model, open} = shared.scene(answering(JSON.stringify(`${'a'.repeat(60)}b`), '"aaaa"'));
    const client = await open();
    const before = model.requests.length;
    const refused = await client.call('delegate', {prompt: 'x', expect: {type: 'objekt'}});
    expect(refused).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^expect is no JSON Schema .*Nothing was started/),
    });
    const remote = await client.call('delegate', {prompt: 'x', expect: {$ref: 'https://example.com/s.json'}});
    expect(remote.isError).toBe(true);
    expect(model.requests).toHaveLength(before);
    const id = await client.delegate('Hang', {expect: {type: 'string', pattern: '^(a+)+$'}});
    expect((await read(client, id)).text).toBe('"aaaa"');
  });
});

it('an answer that does not fit is repaired by the next process where the first dies in between', async () => {
  const gate = createGate();
  let asked = 0;
  const {sandbox, model, open} = await setScene(async ({prompt}) => {
    if (!prompt.startsWith(ASKED_AGAIN)) return {text: 'About five.'};
    asked += 1;
    if (asked === 1) await gate.opened;
    return {text: '{"price": 5}'};
  });
  const client = await open();
  const id = await client.delegate('Say the price', {expect: PRICE});
  await model.asked(({prompt}) => prompt.startsWith(ASKED_AGAIN));
  expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toMatch(
    /\nrepair:\n {2}session: ses\w+\n {2}why: the answer is not one JSON value\n/,
  );
  await killAll(sandbox.root);
  const later = await open();
  const {blocks} = await later.read(id);
  gate.open();
  expect(blocks[0]).toContain(' · completed · ');
  expect(blocks[1]).toBe('{"price": 5}');
  expect(asked).toBe(2);
});
