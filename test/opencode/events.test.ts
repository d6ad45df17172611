import type {GlobalEvent, OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {expect, it} from 'vitest';
import {EventFeed} from '../../src/opencode/wire/events.ts';
import {FakeLog} from '../support/fakes.ts';

it('an event that nobody can make sense of is skipped, and the stream goes on', async () => {
  const events = [{}, {payload: {type: 'session.idle', properties: {sessionID: 'ses_1'}}, directory: '/d'}];
  async function* stream(signal: AbortSignal): AsyncGenerator<GlobalEvent> {
    yield* events as GlobalEvent[];
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
  const client = {global: {event: async ({signal}: {signal: AbortSignal}) => ({stream: stream(signal)})}};
  // Of a client, a feed asks for the stream alone.
  const log = new FakeLog();
  const heard: string[] = [];
  let gaps = 0;
  const feed = await new Promise<EventFeed>((resolve) => {
    const made: EventFeed = new EventFeed({
      client: client as unknown as OpencodeClient,
      log,
      onEvent: ({type}) => {
        heard.push(type);
        resolve(made);
      },
      onGap: () => {
        gaps += 1;
      },
    });
  });
  feed.close();
  expect(heard).toEqual(['session.idle']);
  expect(gaps).toBe(0);
  expect(log.lines.join()).toContain('an event of OpenCode is skipped');
});
