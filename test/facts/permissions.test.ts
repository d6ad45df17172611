import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import type {PermissionRuleset} from '@opencode-ai/sdk/v2/client';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {deniedCalls} from '../../src/opencode/transcript/denied.ts';
import {dataOf, done} from '../../src/opencode/wire/answer.ts';
import {askOfPermission, askOfQuestion} from '../../src/opencode/wire/asked.ts';
import type {Reply} from '../support/scripted-model.ts';
import {heard, type RawOpenCode, startRaw, told} from './raw-opencode.ts';

const MODEL = {providerID: 'scripted', modelID: 'model'};

let raw: RawOpenCode;
/** Not the one that the server runs in. */
let directory: string;

beforeAll(async () => {
  raw = await startRaw({
    config: {permission: {bash: 'ask', question: 'allow'}, experimental: {continue_loop_on_deny: true}},
  });
  directory = join(raw.sandbox.root, 'elsewhere');
  mkdirSync(directory);
});

afterAll(() => raw.close());

/** Prompts a new session, whose model makes these calls at once and then says what came of them. */
async function call(calls: Extract<Reply, {tools: unknown}>['tools'], permission?: PermissionRuleset) {
  raw.model.script(({toolResults}) =>
    toolResults.length === 0 ? {tools: calls} : {text: toolResults.join(' | ')},
  );
  const {id} = await dataOf(
    raw.client.session.create({directory, title: 'asks', ...(permission !== undefined && {permission})}),
  );
  const parts = [{type: 'text' as const, text: 'Do it'}];
  await done(raw.client.session.promptAsync({sessionID: id, directory, agent: 'build', model: MODEL, parts}));
  return id;
}

const bash = (command: string) => ({tool: 'bash', input: {command, description: 'try it'}});
const pending = () => dataOf(raw.client.permission.list({directory}));

async function ended(session: string) {
  await heard(raw, 'session.idle', ({properties}) => properties.sessionID === session);
  return dataOf(raw.client.session.messages({sessionID: session}));
}

describe('a request for permission', () => {
  it('waits, is told with what it is for, and is answered in its own directory only', async () => {
    const session = await call([bash('echo let in')]);
    const event = await heard(raw, 'permission.asked', ({properties}) => properties.sessionID === session);
    const {id, content} = askOfPermission(event.properties, directory);
    expect(content).toEqual({
      kind: 'permission',
      what: 'permission bash: echo let in',
      detail: 'echo let in',
    });
    // Taken, and lost.
    const elsewhere = {requestID: id, directory: raw.sandbox.project, reply: 'once' as const};
    await raw.client.permission.reply(elsewhere);
    expect((await pending()).map((request) => request.id)).toEqual([id]);
    await done(raw.client.permission.reply({...elsewhere, directory}));
    const {properties} = await heard(
      raw,
      'permission.replied',
      ({properties: {requestID}}) => requestID === id,
    );
    expect(properties.sessionID).toBe(session);
    expect(JSON.stringify((await ended(session)).at(-1)?.parts)).toContain('let in');
  });

  it('that is rejected takes along all others of its session; the agent reads the message and goes on', async () => {
    const session = await call([bash('echo one'), bash('echo two')]);
    const asked = () =>
      told(raw, 'permission.asked').filter(({properties}) => properties.sessionID === session);
    await raw.events.first(() => asked().length === 2);
    const [first] = asked();
    const answer = {
      requestID: first?.properties.id ?? '',
      directory,
      reply: 'reject' as const,
      message: 'Not now.',
    };
    await done(raw.client.permission.reply(answer));
    const last = (await ended(session)).at(-1);
    expect(await pending()).toEqual([]);
    expect(JSON.stringify(last?.parts)).toContain('feedback: Not now.');
  });
});

it('a question is told with its options, and answered with lists of labels', async () => {
  const questions = [
    {
      question: 'Which way?',
      header: 'Way',
      options: [
        {label: 'left', description: 'to the left'},
        {label: 'right', description: 'to the right'},
      ],
    },
  ];
  const session = await call([{tool: 'question', input: {questions}}]);
  const event = await heard(raw, 'question.asked', ({properties}) => properties.sessionID === session);
  const {id, content} = askOfQuestion(event.properties, directory);
  expect(content).toEqual({
    kind: 'question',
    what: 'question: Which way?',
    questions: [{question: 'Which way?', options: ['left', 'right'], isMultiple: false}],
  });
  await done(raw.client.question.reply({requestID: id, directory, answers: [['right']]}));
  expect(JSON.stringify((await ended(session)).at(-1)?.parts)).toContain('right');
});

it('a call that a rule forbids is told in known words', async () => {
  const rules = [{permission: 'bash', pattern: 'rm *', action: 'deny' as const}];
  const session = await call([bash('rm -rf build')], rules);
  expect(deniedCalls(await ended(session))).toEqual(['denied: bash try it']);
});

it('a call of a tool that rules have taken away is told in known words, where they leave nothing but readers', async () => {
  const input = {filePath: join(directory, 'new.txt'), content: 'new'};
  const session = await call(
    [{tool: 'write', input}],
    [
      {permission: '*', pattern: '*', action: 'deny'},
      {permission: 'read', pattern: '*', action: 'allow'},
    ],
  );
  const stored = await ended(session);
  expect(deniedCalls(stored)).toEqual([`denied: write ${input.filePath}`]);
  const {tools} = raw.model.requests.at(-1) ?? {};
  expect(tools).toEqual(['read']);
});

it('a call of a tool that rules have taken away is the output of another tool, where they leave more than readers', async () => {
  const session = await call(
    [{tool: 'write', input: {filePath: join(directory, 'new.txt'), content: 'new'}}],
    [{permission: 'edit', pattern: '*', action: 'deny'}],
  );
  expect(deniedCalls(await ended(session))).toEqual(['not available to this agent: write']);
});
