import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {isSessionThere} from '../../src/opencode/session/session-there.ts';
import {promptPart, turnOf} from '../../src/opencode/transcript/turn.ts';
import {judgeTurn} from '../../src/opencode/transcript/verdict.ts';
import {dataOf, done} from '../../src/opencode/wire/answer.ts';
import {sessionOf} from '../../src/opencode/wire/events.ts';
import {createGate} from '../support/gate.ts';
import {heard, type RawOpenCode, startRaw, told} from './raw-opencode.ts';

const MODEL = {providerID: 'scripted', modelID: 'model'};
const NOBODY = 'ses_0000000000000000000000000000';

let raw: RawOpenCode;

beforeAll(async () => {
  raw = await startRaw();
});

afterAll(() => raw.close());

/** Sends a prompt and does not wait for the answer. */
function prompt(sessionID: string, text: string): Promise<void> {
  const parts = [promptPart('calm-red-fox', text)];
  return done(raw.client.session.promptAsync({sessionID, agent: 'build', model: MODEL, parts}));
}

describe('a session', () => {
  it('keeps its metadata, its rules, and a parent that does not exist', async () => {
    const given = {
      title: 'kept',
      agent: 'build',
      model: {id: 'model', providerID: 'scripted'},
      metadata: {delegation: 'calm-red-fox'},
      parentID: NOBODY,
      permission: [{permission: 'edit', pattern: '*', action: 'deny' as const}],
    };
    const {id, directory} = await dataOf(raw.client.session.create(given));
    expect(id).toMatch(/^ses_\w+$/);
    expect(directory).toBe(raw.sandbox.project);
    const {metadata, parentID, permission} = await dataOf(raw.client.session.get({sessionID: id}));
    expect({metadata, parentID, permission}).toEqual({
      metadata: given.metadata,
      parentID: NOBODY,
      permission: given.permission,
    });
    const {properties} = await heard(raw, 'session.created', ({properties: {info}}) => info.id === id);
    expect(properties).toMatchObject({sessionID: id, info: {parentID: NOBODY}});
  });

  it('takes further rules at the end of its own, and loses all of them to `tools` in a prompt', async () => {
    const rule = (permission: string) => ({permission, pattern: '*', action: 'deny' as const});
    const {id} = await dataOf(raw.client.session.create({title: 'rules', permission: [rule('edit')]}));
    await done(raw.client.session.update({sessionID: id, permission: [rule('bash')]}));
    const rules = async () => (await dataOf(raw.client.session.get({sessionID: id}))).permission;
    expect(await rules()).toEqual([rule('edit'), rule('bash')]);
    const parts = [{type: 'text' as const, text: 'with tools'}];
    await done(raw.client.session.prompt({sessionID: id, model: MODEL, parts, tools: {none: false}}));
    expect(await rules()).toEqual([rule('none')]);
  });

  it('that does not exist is a 404, also where its messages are asked for', async () => {
    expect(await isSessionThere(raw.client, NOBODY)).toBe(false);
    const {response} = await raw.client.session.messages({sessionID: NOBODY});
    expect(response?.status).toBe(404);
  });

  it('that is deleted is told with its id', async () => {
    const id = await raw.opencode.session();
    await done(raw.client.session.delete({sessionID: id}));
    const event = await heard(raw, 'session.deleted', ({properties: {info}}) => info.id === id);
    expect(sessionOf(event)).toBe(id);
    expect(await isSessionThere(raw.client, id)).toBe(false);
  });

  it('is one of the 100 that are listed, or of all where a limit says so', async () => {
    await Promise.all(Array.from({length: 105}, () => raw.opencode.session()));
    expect(await dataOf(raw.client.session.list({}))).toHaveLength(100);
    expect((await dataOf(raw.client.session.list({limit: 100_000}))).length).toBeGreaterThan(104);
  });

  it('works in the directory that its path is decoded to', async () => {
    const named = join(raw.sandbox.root, 'my%20app');
    const meant = join(raw.sandbox.root, 'my app');
    for (const folder of [named, meant]) mkdirSync(folder);
    expect((await dataOf(raw.client.path.get({directory: named}))).directory).toBe(meant);
    const {directory} = await dataOf(raw.client.session.create({directory: named, title: 'place'}));
    expect(directory).toBe(meant);
  });
});

describe('a turn', () => {
  it('is told by its events from the prompt to the end, and is found again by the mark of its prompt', async () => {
    const gate = createGate();
    raw.model.script(async () => {
      await gate.opened;
      return {text: 'One answer in several pieces.'};
    });
    const id = await raw.opencode.session();
    await prompt(id, 'Answer me');
    await raw.model.asked((request) => request.prompt === 'Answer me');
    expect((await dataOf(raw.client.session.status()))[id]).toMatchObject({type: 'busy'});
    gate.open();
    await heard(raw, 'session.idle', ({properties}) => properties.sessionID === id);

    // Only sessions at work have a status.
    expect((await dataOf(raw.client.session.status()))[id]).toBeUndefined();
    const own = raw.events.all.filter(({payload}) => sessionOf(payload) === id);
    expect(own.every(({directory}) => directory === raw.sandbox.project)).toBe(true);
    const types = own.map(({payload}) => payload.type);
    expect(types).toEqual(
      expect.arrayContaining(['message.updated', 'message.part.updated', 'message.part.delta']),
    );
    const completed = own.findIndex(
      ({payload}) =>
        payload.type === 'message.updated' &&
        payload.properties.info.role === 'assistant' &&
        payload.properties.info.time.completed !== undefined,
    );
    expect(completed).toBeGreaterThan(-1);
    expect(types.indexOf('session.idle')).toBeGreaterThan(completed);
    const deltas = told(raw, 'message.part.delta').filter(({properties}) => properties.sessionID === id);
    expect(deltas.map(({properties}) => properties.delta).join('')).toBe('One answer in several pieces.');

    const stored = await dataOf(raw.client.session.messages({sessionID: id}));
    const turn = turnOf(stored, {delegationId: 'calm-red-fox', isContinued: true});
    expect(turn.map(({info}) => info.role)).toEqual(['user', 'assistant']);
    expect(judgeTurn(turn)).toEqual({is: 'answered', text: 'One answer in several pieces.'});
    expect(turn[1]?.info).toMatchObject({finish: 'stop', tokens: {input: 100, output: 20}});
  });

  it('that is aborted ends as MessageAbortedError, keeps its text, and makes the session idle', async () => {
    raw.model.script(() => ({stall: 'Half of it'}));
    const id = await raw.opencode.session();
    await prompt(id, 'Stop me');
    await heard(raw, 'message.part.delta', ({properties}) => properties.sessionID === id);
    await done(raw.client.session.abort({sessionID: id, directory: raw.sandbox.project}));
    await heard(raw, 'session.idle', ({properties}) => properties.sessionID === id);
    await heard(
      raw,
      'message.updated',
      ({properties: {info}}) =>
        info.sessionID === id && info.role === 'assistant' && info.error?.name === 'MessageAbortedError',
    );
    const stored = await dataOf(raw.client.session.messages({sessionID: id}));
    expect(judgeTurn(stored)).toEqual({is: 'aborted'});
    expect(JSON.stringify(stored.at(-1)?.parts)).toContain('Half of it');
  });

  it('is none where a prompt wants no reply: it is stored, and the model is not asked', async () => {
    const id = await raw.opencode.session();
    const before = raw.model.requests.length;
    const parts = [{type: 'text' as const, text: 'for later', synthetic: true, metadata: {key: 'k'}}];
    await done(raw.client.session.prompt({sessionID: id, model: MODEL, noReply: true, parts}));
    const [stored, ...rest] = await dataOf(raw.client.session.messages({sessionID: id}));
    expect(rest).toEqual([]);
    expect(stored?.parts).toMatchObject(parts);
    expect(raw.model.requests).toHaveLength(before);
  });
});

it('the event stream has a heartbeat every ten seconds', async () => {
  // The SDK has no type for it.
  const beats = () =>
    raw.events.all.filter(({payload}) => String(payload.type) === 'server.heartbeat').length;
  const before = beats();
  const begun = performance.now();
  await raw.events.first(() => beats() > before);
  expect(performance.now() - begun).toBeLessThan(25_000);
});
