import {afterEach, describe, expect, it} from 'vitest';
import {Chain, idsIn, listing, reading, type Told} from '../support/chain.ts';
import type {ClientRequest} from '../support/client-model.ts';
import {CLIENT_RUNS, type ClientRun} from '../support/client-runs.ts';
import type {ClientSession} from '../support/client-screen.ts';
import {installed, REAL_CLIENTS, type RealClient} from '../support/real-clients.ts';
import {HOST_MODE} from '../support/sandbox.ts';
import {configurationOf, takenBack} from '../support/taken-back.ts';

/** The programs are no dependency: they are there where somebody has installed them, and named by TEST_CLIENTS. */
const RUNS = CLIENT_RUNS.flatMap((run) => {
  const client = REAL_CLIENTS.find(({name}) => name === run.client);
  return client === undefined ? [] : [{...run, client}];
});
const isHere = (client: RealClient) => installed(client) !== undefined && HOST_MODE === 'on';

let chain: Chain;

afterEach(async () => {
  await chain.close();
});

/** How the ends of both reach a session that is open. @param first the request after it has delegated. */
async function hearOf(
  session: ClientSession,
  told: ClientRun['told'],
  first: ClientRequest | undefined,
): Promise<Told> {
  const ids = idsIn(first);
  // On a busy machine, Claude Code begins some sessions without tasks, and its hook tells.
  const isTask = told === 'task' && first?.conversation.includes('server-side task') === true;
  if (told === 'woken' || isTask) return chain.woken(session, ...ids);
  await chain.finish(...ids);
  const next = await chain.talk(session, 'What now?');
  // Without a call.
  expect(next.requests).toHaveLength(1);
  return next;
}

/** How a new session hears that this one is not read. */
async function hearAgain(session: ClientSession, hears: ClientRun['hears'], id: string): Promise<void> {
  const {named, requests} = await chain.talk(session, 'Good morning.');
  expect({named, times: requests.length}).toEqual({named: hears === 'start' ? [id] : [], times: 1});
  if (hears === 'start') return;
  const listed = await chain.talk(session, 'What is there?', listing);
  expect(listed.requests.at(-1)?.last).toContain(`Ended and not read yet: ${id}.`);
}

describe('from install to uninstall, in one run', () => {
  for (const {client, how, started, told, hears} of RUNS)
    it.runIf(isHere(client))(
      started,
      async () => {
        chain = await Chain.start([client]);
        const textsNow = () => configurationOf(client.name, chain.sandbox);
        const before = textsNow();
        await chain.command('install', client.name, '--yes');
        const withUs = textsNow();

        const session = await chain.open(client, how);
        const {requests} = await chain.talk(session, 'Please delegate.', chain.delegating('One', 'Two'));
        const ids = idsIn(requests.at(-1));
        expect(ids).toHaveLength(2);
        const [one = '', two = ''] = ids;
        // It carries on with something else.
        expect(await chain.talk(session, 'What is 2 + 2?')).toMatchObject({named: [], requests: [{}]});
        const {named} = await hearOf(session, told, requests.at(-1));
        expect([...named].sort()).toEqual([...ids].sort());
        expect((await chain.talk(session, 'And now?')).named).toEqual([]);
        const read = await chain.talk(session, 'Read the first.', reading(one));
        expect(read.requests.at(-1)?.last).toContain('Answer to One.');
        await session.close();

        const second = await chain.open(client, how);
        await hearAgain(second, hears, two);
        await chain.talk(second, 'Read the other.', reading(two));
        await second.close();

        const third = await chain.open(client, how);
        const last = await chain.talk(third, 'Good night.');
        expect(last.named).toEqual([]);
        expect(last.requests).toHaveLength(1);
        await third.close();

        const used = textsNow();
        await chain.command('uninstall', client.name, '--yes');
        expect(textsNow()).toEqual(takenBack({before, installed: withUs, used}));
      },
      900_000,
    );
});
