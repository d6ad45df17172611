import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {eventually, openCodeIn, urlOf} from '../support/processes.ts';
import {aCommandRuns, commandRuns, delegateAll, STALL} from '../support/running.ts';
import {artifactOf} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {shareHome} from '../support/shared-home.ts';

const home = shareHome();

describe('what ends the work', () => {
  it('three running delegations end as interrupted with their text when OpenCode is killed; the next starts a new server', async () => {
    const {open, model, sandbox} = await setScene(STALL);
    const client = await open();
    const ids = await delegateAll(client, ['one', 'two', 'three']);
    const [server] = openCodeIn(sandbox.root);
    process.kill(server?.pid ?? 0, 'SIGKILL');

    for (const [n, id] of ids.entries()) {
      const read = await client.read(id);
      expect(read.blocks[0]).toMatch(/ · interrupted · .*Why: The OpenCode server ended while it ran\./s);
      expect(read.blocks[1]).toBe(`Beginning of ${['one', 'two', 'three'][n]}`);
    }

    model.script(() => ({text: 'on a new server'}));
    const next = await client.delegate('again');
    expect((await client.read(next)).blocks[1]).toBe('on a new server');
    expect(openCodeIn(sandbox.root).map(({pid}) => pid)).not.toContain(server?.pid);
  });

  it('cancelling stops a shell command that an agent runs', async () => {
    const {sandbox, client, id} = await aCommandRuns(home.scene());
    await client.call('delegation_cancel', {id});
    await eventually(() => !commandRuns(sandbox));
  });

  it('starting has no side effects: OpenCode runs when something is delegated, and asks for its password', async () => {
    const {open, sandbox} = await setScene(STALL);
    const client = await open();
    await client.call('delegation_list');
    expect(openCodeIn(sandbox.root)).toEqual([]);
    await client.tools();
    expect(openCodeIn(sandbox.root)).toEqual([]);
    // Only an OpenCode that answers can be asked.
    await client.call('delegate', {prompt: 'p', model: 'scripted/unknown'});
    const [server] = openCodeIn(sandbox.root);
    expect(server?.command).toContain('--hostname 127.0.0.1');
    const response = await fetch(`${urlOf(server?.command ?? '')}/global/health`);
    expect(response.status).toBe(401);
  });

  it('twenty delegations of each of two servers get forty different records', async () => {
    const {open, sandbox} = home.scene(({prompt}) => ({text: `answer to ${prompt}`}));
    const [one, two] = await Promise.all([open(), open()]);
    const ids = await Promise.all(
      Array.from({length: 40}, (_, n) => (n % 2 === 0 ? one : two).delegate(`question ${n}`)),
    );
    expect(new Set(ids).size).toBe(40);
    for (const [n, id] of ids.entries()) {
      const read = await (n % 2 === 0 ? two : one).read(id, {wait_seconds: 60});
      expect(read.blocks[1]).toBe(`answer to question ${n}`);
      expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toContain('\nstatus: completed\n');
    }
  });
});
