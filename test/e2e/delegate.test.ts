import {mkdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, ERAS, type TestClient, untilActivity} from '../support/client.ts';
import {createGate} from '../support/gate.ts';
import {openCodeIn} from '../support/processes.ts';
import {artifactOf, type Sandbox} from '../support/sandbox.ts';
import type {Reply, ScriptedModel} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';

const NASTY = [
  '---',
  'id: not-the-id',
  '---',
  '',
  '## Prompt',
  '',
  '```ts',
  'const x = `$' + '{"a"}`;\r',
  '```',
  '',
  '## Result',
  '',
  'Zażółć gęślą jaźń 🦦👩‍👩‍👧‍👦 \u202eright to left\u202c\ttab  ',
  '',
].join('\n');

/** 300,000 characters in which every stretch differs from every other. */
const LONG = Array.from({length: 30_000}, (_, n) => `${String(n).padStart(8, '0')}🦦`).join('');

const home = shareHome({models: ['model', 'other']});

describe.each(ERAS)('delegating as a client of protocol %s', (era) => {
  // The other revision differs in how a call and its end are told: `npm run test:all` tries all with both.
  const inFull = it.runIf(era === ERAS[0] || process.env.TEST_ALL === '1');
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    ({model, sandbox} = home.scene());
    client = await connect(sandbox, {era});
  });

  afterAll(() => client.close());

  it('lists its tools and tells the way of working', async () => {
    const tools = await client.tools();
    expect(tools.map(({name}) => name)).toEqual([
      'delegate',
      'delegation_read',
      'delegation_list',
      'delegation_cancel',
      'delegation_reply',
    ]);
    expect(client.instructions).toContain('Do not poll');
  });

  it('answers at once, lets the client carry on, and returns the answer verbatim when it is read', async () => {
    const gate = createGate();
    model.script(async ({prompt}) => {
      await gate.opened;
      return {text: `You asked: ${prompt}`};
    });
    const started = await client.call('delegate', {prompt: 'What is six times seven?'});
    expect(started.isError).toBe(false);
    const id = started.text.split(' ')[0] ?? '';

    const meanwhile = await client.read(id, {wait_seconds: 0});
    expect(meanwhile.text).toContain(' · running · ');
    gate.open();

    const read = await client.read(id);
    expect(read.blocks[0]).toContain(' · completed · agent build · model scripted/model · ');
    expect(read.blocks[0]).toContain('100 tokens in · 20 out · $0.0001 · 0 tool calls');
    expect(read.blocks[0]).toContain(`Artifact: ${sandbox.dataDir}`);
    expect(read.blocks[1]).toBe('You asked: What is six times seven?');
  });

  inFull('names ended delegations at the end of every answer until they are read', async () => {
    model.script(() => ({text: 'ready'}));
    const id = await client.delegate('Finish while nobody looks');
    await client.read(id, {max_chars: 1});
    const list = await client.call('delegation_list');
    expect(list.blocks.at(-1)).toBe(`Ended and not read yet: ${id}. delegation_read(id) returns each.`);
    expect(list.text).toContain('[unread]');
    const bad = await client.call('delegation_read', {id: 'no-such-thing'});
    expect(bad.blocks.at(-1)).toContain(id);

    const last = await client.read(` "${id.toUpperCase()}" `);
    expect(last.blocks[1]).toBe('ready');
    expect((await client.call('delegation_list')).text).not.toContain('Ended and not read yet');
  });

  inFull('keeps prompt and answer to the letter, whatever is in them', async () => {
    model.script(() => ({text: NASTY}));
    const id = await client.delegate(NASTY);
    expect((await client.read(id)).blocks[1]).toBe(NASTY);
    expect((await model.asked(({prompt}) => prompt === NASTY)).prompt).toBe(NASTY);
    const artifact = artifactOf(sandbox, id);
    expect(readFileSync(artifact, 'utf8')).toContain(`\n## Prompt\n\n${NASTY}\n\n## Result\n\n${NASTY}\n`);
    expect(statSync(artifact).mode & 0o777).toBe(0o600);
    expect(statSync(join(artifact, '..')).mode & 0o777).toBe(0o700);
  });

  inFull('pages a long answer so that the pages join to it byte for byte', async () => {
    model.script(() => ({text: LONG}));
    const id = await client.delegate('Write much');
    let joined = '';
    let offset: number | undefined = 0;
    while (offset !== undefined) {
      const page: string[] = [...(await client.read(id, {offset, max_chars: 44_999})).blocks];
      expect(page[0]).toContain(`of 300,000`);
      joined += page[1] ?? '';
      const next: string | undefined = /offset: (\d+)/.exec(page[0]?.split('\n')[0] ?? '')?.[1];
      offset = next === undefined ? undefined : Number(next);
    }
    expect(joined).toBe(LONG);
    expect((await client.read(id)).blocks[1]).toHaveLength(9_000);
  });

  inFull('runs tools for real and says what they changed', async () => {
    model.script(({toolResults}): Reply => {
      if (toolResults.length === 0)
        return {tool: 'write', input: {filePath: 'notes/a b.txt', content: 'written'}};
      if (toolResults.length === 1)
        return {tool: 'bash', input: {command: 'cat "notes/a b.txt"', description: 'show it'}};
      return {text: `The file says: ${toolResults[1]}`};
    });
    const progress: string[] = [];
    const id = await client.delegate('Write a note');
    const read = await client.read(id, {}, {onProgress: (message) => progress.push(message)});
    expect(read.blocks[1]).toBe('The file says: written');
    expect(read.blocks[0]).toContain('2 tool calls\nFiles changed: notes/a b.txt\n');
    expect(readFileSync(join(sandbox.project, 'notes', 'a b.txt'), 'utf8')).toBe('written');
  });

  inFull('uses the agent, the model and the directory that are asked for', async () => {
    const elsewhere = join(sandbox.project, '..', 'else where');
    mkdirSync(elsewhere);
    model.script(({model: name}) => ({text: name}));
    const id = await client.delegate('Where am I?', {
      agent: 'plan',
      model: 'scripted/other',
      directory: elsewhere,
      timeout_minutes: 0.5,
    });
    const read = await client.read(id);
    expect(read.text).toContain('agent plan · model scripted/other');
    expect(read.blocks[1]).toBe('other');
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toContain(`directory: ${elsewhere}\n`);
  });

  it('cancels what runs, keeps what it had written, and changes nothing the second time', async () => {
    model.script(() => ({stall: 'half an ans'}));
    const id = await client.delegate('Take for ever');
    await model.asked(({prompt}) => prompt === 'Take for ever');
    await untilActivity(client, id, /writing/);
    await client.call('delegation_cancel', {id});
    const read = await client.read(id);
    expect(read.text).toContain(' · cancelled · ');
    expect(read.blocks[1]).toBe('half an ans');
    const again = await client.call('delegation_cancel', {id});
    expect(again.text).toContain('had already ended: cancelled.');
  });

  it('ends only the wait when a waiting read is cancelled', async () => {
    const gate = createGate();
    model.script(async () => {
      await gate.opened;
      return {text: 'still came'};
    });
    const id = await client.delegate('Do not be disturbed');
    const abort = new AbortController();
    const waiting = client.read(id, {}, {signal: abort.signal, onProgress: () => abort.abort()});
    await expect(waiting).rejects.toThrow();
    gate.open();
    expect((await client.read(id)).blocks[1]).toBe('still came');
  });

  it('starts one OpenCode server, however much is delegated', () => {
    expect(openCodeIn(sandbox.root)).toHaveLength(1);
  });
});
