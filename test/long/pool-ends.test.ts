import {readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {readOwner} from '../../src/process/lock.ts';
import {connect} from '../support/client.ts';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {commandWith, homeOf, PoolMachines, recordWith} from '../support/pool-machines.ts';
import {eventually} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, type Sandbox} from '../support/sandbox.ts';
import type {Reply} from '../support/scripted-model.ts';

/** A lease of 30 s that is lost is found out after 45 s, on a machine that has nothing else to do. */
const LOST_MS = 180_000;

/** How results of a pool reach their owner in other ways than the straight one: real processes, and a real Postgres. */
describe('the ends of a pool', () => {
  let machines: PoolMachines;
  let laptop: Sandbox;
  let desk: Sandbox;
  let worker: Sandbox;
  let onLaptop: Repository;
  const workers: ReturnType<PoolMachines['startWorker']>[] = [];

  beforeAll(async () => {
    machines = await PoolMachines.open();
    laptop = await machines.first();
    desk = machines.withKeysOf(laptop, {isOwners: true});
    worker = machines.withKeysOf(laptop, {isOwners: false});
    onLaptop = Repository.create(laptop.project, {home: homeOf(laptop), files: {'a.txt': 'a\n'}});
    const onDesk = new Repository(desk.project, homeOf(desk));
    onDesk.git('clone', '--quiet', `file://${laptop.project}`, '.');
  });

  afterAll(() => machines.close());

  function hostPid({runtimeDir}: Sandbox): number {
    const lock = readdirSync(runtimeDir).find((name) => name.endsWith('.lock')) ?? '';
    return readOwner(join(runtimeDir, lock))?.pid ?? 0;
  }

  /** Writes a file, then waits for the gate, and answers. */
  function scriptHeld(file: string, gate: {readonly opened: Promise<void>}): () => number {
    let answers = 0;
    machines.model.script(async ({toolResults}): Promise<Reply> => {
      if (toolResults.length === 0)
        return {text: `Writing ${file}.`, tool: 'write', input: {filePath: file, content: `${file}\n`}};
      answers += 1;
      await gate.opened;
      return {text: `Done with ${file}.`};
    });
    return () => answers;
  }

  it('says of one that waits its place and why', async () => {
    const id = await machines.delegate(laptop, 'Wait for a worker');
    const why = /Place 1: no worker serves the pool at the moment/;
    await commandWith(laptop, ['show', id], why);
    const {stdout} = await runCommand(laptop, ['status']);
    expect(stdout).toContain(
      'Pool: no worker\n  1 of yours in line: no worker serves the pool at the moment',
    );
    await runCommand(laptop, ['cancel', id]);
  });

  it('a result that waits is collected by another machine of the owner, and the first one says so', async () => {
    workers.push(machines.startWorker(worker, 'big-machine'));
    const gate = createGate();
    const answers = scriptHeld('collected.txt', gate);
    onLaptop.write({'only-here.txt': 'nowhere else\n'});
    onLaptop.commit('what no remote has');
    const id = await machines.delegate(laptop, 'Be collected');
    await recordWith(laptop, id, /status: running/);
    const pid = hostPid(laptop);
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isThere(pid));
    const early = await runCommand(desk, ['pool', 'collect', id]);
    expect(early).toMatchObject({exitCode: 1, stderr: expect.stringContaining('has not ended')});
    gate.open();
    await commandWith(desk, ['pool', 'jobs'], new RegExp(`^${id} · has ended, and waits to be taken · `));
    const collected = await runCommand(desk, ['pool', 'collect']);
    expect(collected.stdout, collected.stderr).toBe(
      `${id} · completed · branch delegation/${id} · Be collected`,
    );
    const onDesk = new Repository(desk.project, homeOf(desk));
    expect(onDesk.git('show', `delegation/${id}:collected.txt`)).toBe('collected.txt');
    expect(onDesk.git('show', `delegation/${id}:only-here.txt`)).toBe('nowhere else');
    expect(await recordWith(desk, id, /status: completed/)).toContain('Done with collected.txt.');
    expect((await runCommand(desk, ['pool', 'collect'])).stdout).toMatch(/^Nothing of another machine/);
    const jobs = join(worker.env.HOME ?? '', '.local/share/opencode-delegate/worker/.code/jobs');
    await eventually(() => readdirSync(jobs).length === 0);
    const back = await connect(laptop);
    onTestFinished(() => back.close());
    const record = await recordWith(laptop, id, /status: interrupted/);
    expect(record).toMatch(/Your machine .* has collected it at .*: completed, with the branch delegation\//);
    expect(answers()).toBe(1);
    expect(artifactOf(desk, id)).not.toBe(artifactOf(laptop, id));
    const said = /Be collected[\s\S]*write[\s\S]*Done with collected\.txt\./;
    expect((await runCommand(desk, ['logs', id])).stdout).toMatch(said);
  });

  it('code that a worker cannot fetch is sent whole, and logs has the conversation afterwards', async () => {
    const remote = Repository.create(join(laptop.root, 'remote'), {home: homeOf(laptop), files: {}});
    onLaptop.git('remote', 'add', 'origin', `file://${remote.path}`);
    onLaptop.git('push', '--quiet', 'origin', 'HEAD:refs/heads/pushed');
    scriptHeld('whole.txt', {opened: Promise.resolve()});
    const [first] = workers;
    first?.interrupt();
    await first?.ended;
    const id = await machines.delegate(laptop, 'Come whole');
    expect(await recordWith(laptop, id, /./)).toContain('The worker fetches commit');
    rmSync(remote.path, {recursive: true});
    workers.push(machines.startWorker(worker, 'blind-machine'));
    const record = await recordWith(laptop, id, /status: completed/);
    expect(record).toMatch(/The worker cannot fetch .* So all of it was sent in a bundle of \d+ bytes\./);
    expect(onLaptop.git('show', `delegation/${id}:whole.txt`)).toBe('whole.txt');
    const {stdout} = await runCommand(laptop, ['logs', id]);
    expect(stdout).toMatch(/Come whole[\s\S]*write[\s\S]*Done with whole\.txt\./);
  });

  it('what a frozen worker says too late is added to the record', async () => {
    const gate = createGate();
    scriptHeld('late.txt', gate);
    if (workers.length === 0) workers.push(machines.startWorker(worker, 'big-machine'));
    const id = await machines.delegate(laptop, 'Be late');
    await recordWith(laptop, id, /status: running[\s\S]*(?:tool_calls: 1|usage:)/);
    const frozen = workers.at(-1);
    frozen?.signal('SIGSTOP');
    await recordWith(laptop, id, /status: interrupted/, LOST_MS);
    gate.open();
    frozen?.signal('SIGCONT');
    const record = await recordWith(laptop, id, /\(Came too late at /, LOST_MS);
    expect(record).toMatch(
      /status: interrupted[\s\S]*## Result\s+Writing late\.txt\.\s+\(Came too late [^)]*\)\s+(?:Writing|Done with) late\.txt\./,
    );
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
