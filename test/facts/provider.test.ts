import {afterAll, beforeAll, expect, it} from 'vitest';
import {judgeTurn} from '../../src/opencode/transcript/verdict.ts';
import {dataOf, wordsOf} from '../../src/opencode/wire/answer.ts';
import {limitOfError, limitOfRetry, type Retry} from '../../src/opencode/wire/rate-limit.ts';
import type {Reply} from '../support/scripted-model.ts';
import {heard, type RawOpenCode, startRaw} from './raw-opencode.ts';

let raw: RawOpenCode;

beforeAll(async () => {
  raw = await startRaw();
});

afterAll(() => raw.close());

/** Says something in a new session, whose model replies with these in turn. Resolves when the turn is over. */
async function turn(...replies: readonly Reply[]) {
  const left = [...replies];
  raw.model.script(() => left.shift() ?? {text: 'at last'});
  const session = await raw.opencode.session();
  const said = raw.opencode.say(session, 'Work').catch(() => {});
  return {session, said};
}

/** The first time that OpenCode says in a session that it waits for the provider. */
async function retryIn(session: string): Promise<{retry: Retry; at: number}> {
  const {properties} = await heard(
    raw,
    'session.status',
    ({properties: {sessionID, status}}) => sessionID === session && status.type === 'retry',
  );
  if (properties.status.type !== 'retry') throw new Error('it is no retry');
  return {retry: properties.status, at: Date.now()};
}

it('a refusal that passes is told as a retry with words and a time, after a pause of its own', async () => {
  const {session, said} = await turn({status: 500, message: 'a passing fault'});
  const {retry, at} = await retryIn(session);
  expect(retry).toMatchObject({attempt: 1, message: expect.stringContaining('a passing fault')});
  expect(limitOfRetry(retry, at)).toBeUndefined();
  await said;
  expect(judgeTurn(await dataOf(raw.client.session.messages({sessionID: session})))).toMatchObject({
    is: 'answered',
    text: 'at last',
  });
});

it('a pause that the provider asks for is when it is asked again', async () => {
  const headers = {'retry-after': '60'};
  const {session, said} = await turn({status: 429, message: 'come back later', headers});
  const {retry, at} = await retryIn(session);
  expect(retry.next - at).toBeGreaterThan(50_000);
  expect(limitOfRetry(retry, at)).toBe(retry.next);
  await raw.client.session.abort({sessionID: session, directory: raw.sandbox.project});
  await said;
});

it('a refusal for good is an APIError with its status, in the event and in the message', async () => {
  const {session, said} = await turn({status: 401, message: 'Incorrect API key'});
  const {properties} = await heard(
    raw,
    'session.error',
    ({properties: {sessionID}}) => sessionID === session,
  );
  expect(properties.error?.name).toBe('APIError');
  expect(wordsOf(properties.error)).toMatch(/Incorrect API key.* \(HTTP 401\)$/);
  expect(properties.error && limitOfError(properties.error, 0)).toBeUndefined();
  await said;
  await heard(
    raw,
    'message.updated',
    ({properties: {info}}) =>
      info.sessionID === session && info.role === 'assistant' && info.error !== undefined,
  );
  expect(judgeTurn(await dataOf(raw.client.session.messages({sessionID: session})))).toEqual({
    is: 'failed',
    error: expect.stringMatching(/^scripted\/model failed: .*\(HTTP 401\)$/),
  });
});
