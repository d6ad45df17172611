import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {createGate} from '../support/gate.ts';
import type {PoolMachine} from '../support/pool-network.ts';
import {
  jobsAt,
  type PoolClient,
  PoolProcesses,
  placesAt,
  scriptHeld,
  workerFolder,
} from '../support/pool-processes.ts';
import {eventually, signalEach} from '../support/processes.ts';

/** Nothing here loses a lease, on however slow a machine. */
const LEASE_SECONDS = 60;

describe('workers of a pool', () => {
  let pool: PoolProcesses;
  let client: PoolClient;
  let first: PoolMachine;

  beforeAll(async () => {
    pool = await PoolProcesses.open(LEASE_SECONDS);
    client = await pool.client();
    // One at a time in the lane of its provider, however many it has.
    first = await pool.worker({OPENCODE_DELEGATE_LIMITS: 'scripted=1'});
  });

  afterAll(() => pool.close());

  it('one that is to do one does one, and ends', async () => {
    scriptHeld(pool.model, 'once.txt');
    const ids = [await client.run('Do the first'), await client.run('Do the second')];
    const worker = pool.startWorker(first, 'job-1', '--once', '--concurrency', '1');
    expect(await worker.ended).toBe(0);
    const done = ids.filter((id) => /^status: completed/m.test(client.record(id)));
    // Its end may be on its way here when the worker is gone.
    const [left = ''] = ids.filter((id) => !done.includes(id));
    const next = pool.startWorker(first, 'job-2', '--once', '--concurrency', '1');
    expect(await next.ended).toBe(0);
    for (const id of ids) await client.recordWith(id, /^status: completed/m);
    expect(pool.model.requests.filter(isFirstOf('Do the '))).toHaveLength(2);
    expect(client.repository.git('show', `delegation/${left}:once.txt`)).toBe('once.txt');
  });

  it('one that is told to end hands back what it has not begun, and another does that', async () => {
    const gate = createGate();
    const answers = scriptHeld(pool.model, 'held.txt', {gate});
    const worker = pool.startWorker(first, 'worker-1', '--drain', '5');
    const running = await client.run('Hold');
    await eventually(() => answers() === 1);
    const waiting = await client.run('Wait behind it');
    await eventually(() => jobsAt(first).some((job) => job.startsWith(waiting)));
    const other = await pool.worker();
    signalEach([worker.pid], 'SIGTERM');
    const second = pool.startWorker(other, 'worker-2');
    await eventually(() => answers() === 2);
    gate.open();
    expect(await client.recordWith(running, /^status: completed/m)).toContain('worker: worker-1');
    expect(await client.recordWith(waiting, /^status: completed/m)).toContain('worker: worker-2');
    expect(pool.model.requests.filter(isFirstOf('Wait behind it'))).toHaveLength(1);
    expect(await worker.ended).toBe(0);
    signalEach([second.pid], 'SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it('what is in no commit travels where that is asked for, and nothing at home is touched', async () => {
    const {repository} = client;
    repository.write({'a.txt': 'changed\n', 'new file.txt': 'new\n', 'staged.txt': 'staged\n'});
    repository.git('add', 'staged.txt');
    const before = repository.git('status', '--porcelain');
    scriptHeld(pool.model, 'made.txt');
    const worker = pool.startWorker(first, 'worker-1', '--once');
    const id = await client.run('Use what is there', '--include-changes');
    await client.recordWith(id, /^status: completed/m);
    const branch = `delegation/${id}`;
    expect(repository.git('show', `${branch}:a.txt`)).toBe('changed');
    expect(repository.git('ls-tree', '-r', '--name-only', branch).split('\n').sort()).toEqual(
      ['a.txt', 'made.txt', 'new file.txt', 'staged.txt', 'web/page.txt'].sort(),
    );
    expect(repository.git('status', '--porcelain')).toBe(before);
    expect(repository.git('stash', 'list')).toBe('');
    expect(await worker.ended).toBe(0);
    repository.git('reset', '--quiet', '--hard');
    repository.git('clean', '--quiet', '-fd');
  });

  it('two owners on one worker have no session, no repository and no remains in common', async () => {
    const machine = await pool.worker();
    const owners = [client, await pool.client()];
    const gate = createGate();
    pool.model.script(async ({prompt, toolResults}) => {
      const file = prompt.includes('first') ? 'first.txt' : 'second.txt';
      if (toolResults.length === 0) return {tool: 'write', input: {filePath: file, content: 'secret\n'}};
      await gate.opened;
      return {text: 'Done.'};
    });
    pool.startWorker(machine, 'worker-3');
    const ids = await Promise.all([owners[0]?.run('Be the first'), owners[1]?.run('Be the second')]);
    for (const prompt of ['Be the first', 'Be the second'])
      await pool.model.asked((request) => request.prompt.includes(prompt) && request.toolResults.length > 0);
    // Both are there at the same time.
    expect(jobsAt(machine)).toHaveLength(2);
    const stores = placesAt(machine).map(sessionsIn);
    expect(stores).toHaveLength(2);
    for (const [index, id = ''] of ids.entries()) {
      const record = await owners[index]?.recordWith(id, /^session: /m);
      const session = /^session: (\S+)$/m.exec(record ?? '')?.[1] ?? '';
      expect(stores.filter((content) => content.includes(session))).toHaveLength(1);
    }
    gate.open();
    for (const [index, id = ''] of ids.entries()) {
      await owners[index]?.recordWith(id, /^status: completed/m);
      const names = owners[index]?.repository.git('ls-tree', '-r', '--name-only', `delegation/${id}`) ?? '';
      expect(names.split('\n')).toEqual(['a.txt', index === 0 ? 'first.txt' : 'second.txt', 'web/page.txt']);
    }
    await eventually(() => jobsAt(machine).length === 0 && worktreesAt(machine).length === 0);
  });
});

function isFirstOf(prompt: string) {
  return (request: {readonly prompt: string; readonly messages: readonly {readonly role: string}[]}) =>
    request.prompt.startsWith(prompt) && request.messages.at(-1)?.role === 'user';
}

function worktreesAt(machine: PoolMachine): readonly string[] {
  const folder = join(workerFolder(machine), 'worktrees');
  return readdirSync(folder).flatMap((project) => readdirSync(join(folder, project)));
}

function sessionsIn(folder: string): string {
  return readdirSync(folder)
    .filter((name) => name.startsWith('opencode.db'))
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('');
}
