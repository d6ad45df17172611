import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {momentOf} from '../../src/opencode/run/moment.ts';
import type {Transcript} from '../../src/opencode/transcript/transcript.ts';
import {heardIn, messagePart, promptPart} from '../../src/opencode/transcript/turn.ts';
import {dataOf, done} from '../../src/opencode/wire/answer.ts';
import {createGate} from '../support/gate.ts';
import type {ModelRequest, Reply} from '../support/scripted-model.ts';
import {heard, type RawOpenCode, startRaw} from './raw-opencode.ts';

const MODEL = {providerID: 'scripted', modelID: 'model'};
const ID = 'calm-red-fox';

let raw: RawOpenCode;

beforeAll(async () => {
  raw = await startRaw({config: {permission: {bash: 'allow', edit: 'ask'}}});
});

afterAll(() => raw.close());

const stored = (sessionID: string): Promise<Transcript> => dataOf(raw.client.session.messages({sessionID}));

function send(sessionID: string, part: ReturnType<typeof promptPart>): Promise<void> {
  return done(raw.client.session.promptAsync({sessionID, agent: 'build', model: MODEL, parts: [part]}));
}

/** True for a request that has the second prompt in it. */
const hasSecond = ({messages}: ModelRequest) => JSON.stringify(messages).includes('And more');

/** A session whose model answers the first prompt with this, and `Then.` to whatever has the second in it. */
async function begin(first: (request: ModelRequest) => Reply | Promise<Reply>): Promise<string> {
  raw.model.script((request) => (hasSecond(request) ? {text: 'Then.'} : first(request)));
  const id = await raw.opencode.session();
  await send(id, promptPart(ID, 'Begin'));
  return id;
}

/** Sends the second prompt, and resolves with what is expected of it when it stands in the session. */
async function sendSecond(id: string): Promise<ReturnType<typeof momentOf>> {
  const moment = momentOf(await stored(id), false);
  await send(id, messagePart(ID, {number: 1, text: 'And more'}));
  const isSecond = (text: unknown) => text === 'And more';
  await heard(
    raw,
    'message.part.updated',
    ({properties: {part}}) => part.sessionID === id && part.type === 'text' && isSecond(part.text),
  );
  expect(heardIn(await stored(id))).toEqual([]);
  return moment;
}

/** Resolves with the roles in the session, and how steps ended, when the second prompt was answered. */
async function shapeOf(id: string): Promise<readonly string[]> {
  await expect
    .poll(async () => (await dataOf(raw.client.session.status()))[id] ?? heardIn(await stored(id)), {
      timeout: 60_000,
    })
    .toEqual([1]);
  return (await stored(id)).map(({info}) => (info.role === 'user' ? 'user' : (info.finish ?? 'none')));
}

describe('a second prompt is taken up between two steps', () => {
  it('of a model that thinks: it finishes its answer, and is asked again', async () => {
    const gate = createGate();
    const id = await begin(async () => {
      await gate.opened;
      return {text: 'First.'};
    });
    await heard(raw, 'session.status', ({properties}) => properties.sessionID === id);
    expect(await sendSecond(id)).toBe('step');
    gate.open();
    expect(await shapeOf(id)).toEqual(['user', 'stop', 'user', 'stop']);
  });

  it('of a model that writes', async () => {
    const gate = createGate();
    const id = await begin(() => ({text: 'One answer in several pieces.', rest: gate.opened}));
    await heard(raw, 'message.part.delta', ({properties}) => properties.sessionID === id);
    expect(await sendSecond(id)).toBe('step');
    gate.open();
    expect(await shapeOf(id)).toEqual(['user', 'stop', 'user', 'stop']);
  });

  it('of an agent that uses a tool: when that is done', async () => {
    const command = 'until [ -e go ]; do sleep 0.1; done';
    const id = await begin(() => ({tool: 'bash', input: {command, description: 'Wait'}}));
    await heard(
      raw,
      'message.part.updated',
      ({properties: {part}}) =>
        part.sessionID === id && part.type === 'tool' && part.state.status === 'running',
    );
    expect(await sendSecond(id)).toBe('tool');
    writeFileSync(join(raw.sandbox.project, 'go'), '');
    expect(await shapeOf(id)).toEqual(['user', 'tool-calls', 'user', 'stop']);
  });

  it('of an agent that waits for a permission: the request stays, and is answered first', async () => {
    const id = await begin(() => ({tool: 'write', input: {filePath: 'x.txt', content: 'x'}}));
    const {properties} = await heard(raw, 'permission.asked', (asked) => asked.properties.sessionID === id);
    expect(await sendSecond(id)).toBe('tool');
    expect(await dataOf(raw.client.permission.list({}))).toMatchObject([{id: properties.id}]);
    const directory = raw.sandbox.project;
    await done(raw.client.permission.reply({requestID: properties.id, reply: 'once', directory}));
    expect(await shapeOf(id)).toEqual(['user', 'tool-calls', 'user', 'stop']);
  });

  it('of a conversation that is compacted: with what OpenCode says after the summary', async () => {
    const [gate, compacting] = [createGate(), createGate()];
    const id = await begin(async ({messages}) => {
      if (!JSON.stringify(messages.at(-1)).includes('anchored summary'))
        return {tool: 'bash', input: {command: 'true', description: 'Work'}, tokens: 127_000};
      compacting.open();
      await gate.opened;
      return {text: 'A summary.'};
    });
    await compacting.opened;
    expect(await sendSecond(id)).toBe('compaction');
    gate.open();
    expect(await shapeOf(id)).toEqual(['user', 'tool-calls', 'user', 'stop', 'user', 'user', 'stop']);
  });

  it('of a model that refuses for a while: the step that is tried again does not have it, the next one does', async () => {
    let asked = 0;
    const id = await begin(() => {
      asked += 1;
      return asked === 1 ? {status: 500, message: 'passing'} : {text: 'First.'};
    });
    await heard(
      raw,
      'session.status',
      ({properties: {sessionID, status}}) => sessionID === id && status.type === 'retry',
    );
    await sendSecond(id);
    expect(await shapeOf(id)).toEqual(['user', 'stop', 'user', 'stop']);
    expect(asked).toBe(2);
  });
});

it('a second prompt is kept and not answered where the step before it fails for good', async () => {
  const gate = createGate();
  const id = await begin(async () => {
    await gate.opened;
    return {status: 400, message: 'no'};
  });
  await heard(raw, 'session.status', ({properties}) => properties.sessionID === id);
  await sendSecond(id);
  gate.open();
  await heard(raw, 'session.idle', ({properties}) => properties.sessionID === id);
  expect((await stored(id)).map(({info}) => info.role)).toEqual(['user', 'assistant', 'user']);
  expect(heardIn(await stored(id))).toEqual([]);
});
