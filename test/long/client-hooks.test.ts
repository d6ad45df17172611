import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {Chain, idsIn, reading, type Turn} from '../support/chain.ts';
import {installed, REAL_CLIENTS} from '../support/real-clients.ts';
import {HOST_MODE} from '../support/sandbox.ts';

/** The programs are no dependency: they are there where somebody has installed them, and named by TEST_CLIENTS. */
const CLIENTS = REAL_CLIENTS.filter(
  (client) => client.name !== 'opencode' && installed(client) !== undefined && HOST_MODE === 'on',
);

let chain: Chain;

beforeAll(async () => {
  if (CLIENTS.length === 0) return;
  chain = await Chain.start(CLIENTS);
  await chain.command('install', ...CLIENTS.map(({name}) => name), '--yes');
});

afterAll(async () => {
  if (CLIENTS.length > 0) await chain.close();
});

/** A turn in which the model works until what it has delegated has ended. */
function workingMeanwhile(prompt: string): Turn {
  const delegating = chain.delegating(prompt);
  return async (request) => {
    const call = await delegating(request);
    if (call === undefined) await chain.finish(...idsIn(request));
    return call;
  };
}

describe.skipIf(CLIENTS.length === 0)('the hook of a client', () => {
  it.each(CLIENTS)(
    '$name: what comes while its model works is what it goes on with, once',
    async (client) => {
      const session = await chain.open(client);
      const {requests, named} = await chain.talk(
        session,
        'Please delegate and work.',
        workingMeanwhile(`Quick work for ${client.name}`),
      );
      // Claude Code shows it to its model in two places.
      expect(new Set(named).size).toBe(1);
      // It delegates, is done, and goes on once.
      expect(requests).toHaveLength(3);
      expect(requests.at(-1)?.last).toContain('This has come while you worked.');
      expect((await chain.talk(session, 'Anything else?')).named).toEqual([]);
      await chain.talk(session, 'Read it.', reading(named[0] ?? ''));
    },
  );

  it.runIf(CLIENTS.length > 1)('two clients of a project: each session is told once', async () => {
    const [one, other] = await Promise.all(CLIENTS.map((client) => chain.open(client)));
    if (one === undefined || other === undefined) throw new Error('there are two');
    const first = await chain.talk(one, 'Please delegate.', chain.delegating('Work for both'));
    const [id = ''] = idsIn(first.requests.at(-1));
    await chain.finish(id);
    expect((await chain.talk(other, 'Hello.')).named).toEqual([id]);
    expect((await chain.talk(other, 'Hello again.')).named).toEqual([]);
    expect((await chain.talk(one, 'What now?')).named).toEqual([id]);
    expect((await chain.talk(one, 'And now?')).named).toEqual([]);
    await chain.talk(one, 'Read it.', reading(id));
  });
});
