import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, showsActivity, type TestClient, untilActivity, withLimitAfter} from '../support/client.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

const OVERFLOW: Reply = {
  status: 400,
  message:
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens.",
};

/** Delegations here stay apart by their prompts, so that they can run at the same time. */
describe.concurrent('a model that fails', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;
  const scripts = new Map<string, (attempt: number) => Reply>();

  beforeAll(async () => {
    const attempts = new Map<string, number>();
    model = await ScriptedModel.start(({prompt, messages, tools}) => {
      const asked = [...scripts.keys()].find(
        (name) => prompt.includes(name) || JSON.stringify(messages).includes(name),
      );
      if (asked === undefined) return {text: 'nobody scripted this'};
      // The summary of a compaction is asked for without tools.
      const key = `${asked} ${tools.length > 0}`;
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      return tools.length === 0
        ? {text: `summary of ${asked}`}
        : (scripts.get(asked)?.(attempt) ?? {text: ''});
    });
    sandbox = createSandbox({
      modelUrl: model.url,
      models: ['model', 'limited'],
      config: {agent: {general: {model: 'scripted/limited'}}},
    });
    // A model that is rate-limited holds up nobody else only where it has a limit of its own.
    const env = {OPENCODE_DELEGATE_CONCURRENCY: '20', OPENCODE_DELEGATE_LIMITS: 'scripted/limited=20'};
    client = await connect(sandbox, {env});
    // The first boot of a directory is slow; what follows is measured against time limits.
    await client.read(await client.delegate('Warm up'));
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  function delegate(
    name: string,
    script: (attempt: number) => Reply,
    {timeoutSeconds = 60, model: asked = 'model'} = {},
  ): Promise<string> {
    // A mark that no system prompt contains: after a compaction, the summary alone carries it on.
    const mark = `<<${name}>>`;
    scripts.set(mark, script);
    return client.delegate(mark, {timeout_minutes: timeoutSeconds / 60, model: `scripted/${asked}`});
  }

  it('with 401 ends as an error with its message and status', async () => {
    const id = await delegate('unauthorized', () => ({status: 401, message: 'Incorrect API key provided'}));
    const read = await client.read(id);
    expect(read.text).toMatch(
      / · error · .*Why: scripted\/model failed: Incorrect API key provided \(HTTP 401\)/s,
    );
  });

  it('with 429 and a retry-after beyond the time limit ends at once as an error with its message', async () => {
    const id = await delegate(
      'limited',
      () => ({status: 429, message: 'Rate limit reached for requests', headers: {'retry-after': '3600'}}),
      {model: 'limited'},
    );
    const read = await client.read(id);
    expect(read.text).toMatch(
      / · error · .*Why: The provider said: .*[Rr]ate.* after this delegation's time limit\. Delegate again later/s,
    );
  });

  it('of an agent below it with a retry-after beyond the time limit ends it at once as well', async () => {
    const headers = {'retry-after': '3600'};
    scripts.set('<<nested>>', () => ({status: 429, message: 'Rate limit reached', headers}));
    const input = {description: 'n', prompt: '<<nested>>', subagent_type: 'general'};
    const id = await delegate('below', () => ({tool: 'task', input}));
    expect((await client.read(id)).text).toMatch(
      / · error · .*Why: .* after this delegation's time limit\./s,
    );
  });

  it('with one 500 is asked again by OpenCode and completes', async () => {
    const id = await delegate('hiccup', (attempt) =>
      attempt === 1 ? {status: 500, message: 'Trouble for a moment'} : {text: 'recovered'},
    );
    await untilActivity(
      client,
      id,
      /waiting for the provider, which said ".*Trouble for a moment.*"; attempt 2 at /,
    );
    expect((await client.read(id)).blocks[1]).toBe('recovered');
  });

  it('with nothing but 500 ends as an error with its message, within the time limit', async () => {
    const id = await delegate('always 500', () => ({status: 500, message: 'Internal trouble'}), {
      timeoutSeconds: 5,
    });
    const read = await client.read(id);
    expect(read.text).toMatch(/ · error · .*Why: The provider said: .*Internal trouble/s);
  });

  it('that says nothing at all runs out of time, and says so', async () => {
    const id = await delegate('silent', () => ({stall: ''}), {timeoutSeconds: 2});
    const read = await client.read(id);
    expect(read.text).toMatch(/ · timeout · .*Why: It ran out of time: the limit was 0\.03 minutes/s);
    expect(read.blocks[0]).toContain('No text (0 characters).');
  });

  it('that stalls runs out of time, and what it had written is kept', async () => {
    const id = await withLimitAfter(
      (minutes) => delegate('stalling', () => ({stall: 'The first half'}), {timeoutSeconds: minutes * 60}),
      (started) => showsActivity(client, started, /writing/),
    );
    const read = await client.read(id);
    expect(read.text).toContain(' · timeout · ');
    expect(read.blocks[1]).toBe('The first half');
  });

  it('that keeps earlier steps and then stalls has all of its text kept', async () => {
    const script = (attempt: number): Reply =>
      attempt === 1
        ? {text: 'Step one is done.', tool: 'write', input: {filePath: 'step.txt', content: '1'}}
        : {stall: 'Step two is half'};
    const id = await withLimitAfter(
      (minutes) => delegate(`stepwise in ${minutes}`, script, {timeoutSeconds: minutes * 60}),
      async (started) => (await client.read(started)).text.includes('Step two'),
    );
    const read = await client.read(id);
    expect(read.blocks[1]).toBe('Step one is done.\n\nStep two is half');
    expect(read.blocks[0]).toContain('Files changed: step.txt');
  });

  it('with an empty answer ends as an error, never as an empty success', async () => {
    const id = await delegate('empty', () => ({text: ''}));
    const read = await client.read(id);
    expect(read.text).toMatch(
      / · error · .*Why: scripted\/model ended its turn \(stop\) without writing an answer\./s,
    );
  });

  it('that reaches its output limit without an answer says so', async () => {
    const id = await delegate('too much thought', () => ({text: '', finish: 'length'}));
    expect((await client.read(id)).text).toContain('reached its output limit before it wrote an answer');
  });

  it('whose stream is dropped is asked again and completes', async () => {
    const id = await delegate('dropped', (attempt) =>
      attempt === 1 ? {drop: 'This will be'} : {text: 'whole again'},
    );
    const read = await client.read(id);
    expect(read.text).toContain(' · completed · ');
    expect(read.blocks[1]).toContain('whole again');
  });

  it('whose context overflows goes on after OpenCode has compacted the session', async () => {
    const id = await delegate('overflowing', (attempt) =>
      attempt === 1 ? OVERFLOW : {text: 'after compaction'},
    );
    const read = await client.read(id);
    expect(read.text).toContain(' · completed · ');
    expect(read.blocks[1]).toBe('after compaction');
  });

  it('whose context overflows for ever ends as an error with its message', async () => {
    const id = await delegate('bottomless', () => OVERFLOW, {timeoutSeconds: 20});
    const read = await client.read(id);
    expect(read.text).toMatch(/ · error · .*maximum context length is 128000 tokens/s);
  });
});
