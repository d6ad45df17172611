import {setTimeout as pause} from 'node:timers/promises';
import {afterAll, beforeAll, expect, it, onTestFinished} from 'vitest';
import {connect} from '../support/client.ts';
import {createGate} from '../support/gate.ts';
import {PoolProcesses, type PoolScene, recordAt} from '../support/pool-processes.ts';
import {eventually} from '../support/processes.ts';
import {HOST_MODE} from '../support/sandbox.ts';

/** It is the outage that is tried, and its end is nothing that could be waited for. */
const OUTAGE_MS = 65_000;

let scene: PoolScene;
beforeAll(async () => {
  scene = await PoolProcesses.withWorker('worker-1', {lease: 'usual'});
});
afterAll(() => scene.pool.close());

/** Once is enough for a minute: what a host says is tried. */
it.skipIf(HOST_MODE === 'off')(
  'a database that nobody reaches for a minute costs no work, and is spoken of',
  {
    timeout: 480_000,
  },
  async () => {
    const {pool, client, machine} = scene;
    const gates = new Map([
      ['soon', createGate()],
      ['later', createGate()],
    ]);
    const asked = new Map<string, number>();
    pool.model.script(async ({prompt, tools, toolResults}) => {
      const [, name = ''] = /Write (\w+)/.exec(prompt) ?? [];
      if (tools.length === 0 || name === '') return {text: 'Noted.'};
      if (toolResults.length === 0) {
        asked.set(name, (asked.get(name) ?? 0) + 1);
        return {tool: 'write', input: {filePath: `${name}.txt`, content: `${name}\n`}};
      }
      await gates.get(name)?.opened;
      return {text: `${name} is written.`};
    });
    const one = await connect(client.sandbox);
    onTestFinished(() => one.close());
    const delegate = (name: string) => one.delegate(`Write ${name}`, {where: 'pool'});
    const soon = await delegate('soon');
    const later = await delegate('later');
    for (const id of [soon, later]) await client.recordWith(id, /^status: running/m);
    await eventually(() => asked.size === 2);

    const outage = pause(OUTAGE_MS);
    for (const {proxy} of [client, machine]) proxy.cut();
    const list = async () => (await one.call('delegation_list')).text;
    await eventually(
      async () => /No news of it at the moment: the pool's database/.test(await list()),
      60_000,
    );
    const read = await one.read(later, {wait_seconds: 0});
    expect(read.text).toContain('running');
    expect(read.text).toContain('Its worker goes on meanwhile.');
    expect((await client.command('show', later)).stdout).toContain('No news of it at the moment');
    const refused = await one.call('delegate', {prompt: 'Write more', where: 'pool'});
    expect(refused).toMatchObject({isError: true, text: expect.stringContaining('cannot be reached')});
    // Its agent ends while nobody can be told.
    gates.get('soon')?.open();
    await eventually(() => /^status: completed/m.test(recordAt(machine, /^# Write soon$/m)));
    expect(client.record(soon)).toMatch(/^status: running/m);
    await outage;

    for (const {proxy} of [client, machine]) proxy.rejoin();
    expect(await client.recordWith(soon, /^status: (?!running)/m)).toMatch(/^status: completed/m);
    expect(client.record(later)).toMatch(/^status: running/m);
    await eventually(async () => !/No news/.test(await list()), 60_000);
    gates.get('later')?.open();
    expect((await one.read(later, {wait_seconds: 60})).blocks[1]).toBe('later is written.');
    const last = await delegate('last');
    expect((await one.read(last, {wait_seconds: 60})).blocks[1]).toBe('last is written.');
    for (const [id, name] of [
      [soon, 'soon'],
      [later, 'later'],
      [last, 'last'],
    ] as const) {
      expect(client.record(id)).toMatch(/^status: completed/m);
      expect(client.repository.git('show', `delegation/${id}:${name}.txt`)).toBe(name);
      expect(asked.get(name)).toBe(1);
    }
  },
);
