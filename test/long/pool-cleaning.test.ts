import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import type {PoolMachine} from '../support/pool-network.ts';
import {jobsAt, type PoolClient, PoolProcesses, placesAt} from '../support/pool-processes.ts';
import {eventually, openCodeIn, signalEach} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {hostsIn} from '../support/sandbox.ts';

/** Nothing here loses a lease, on however slow a machine. */
const LEASE_SECONDS = 60;
/** Stands in all that the first owner's work is about, and nowhere else. */
const SECRET = 'quokka';

describe('a worker, once an owner has the result', () => {
  let pool: PoolProcesses;
  let ada: PoolClient;
  let bob: PoolClient;

  beforeAll(async () => {
    pool = await PoolProcesses.open(LEASE_SECONDS);
    ada = await pool.client();
    bob = await pool.client();
  });

  afterAll(() => pool.close());

  /** Has Ada's agents do what has the secret in it, up to the gate. Others wait for theirs. */
  function script(gate: {readonly opened: Promise<void>}, others = gate) {
    const steps = [
      {tool: 'write', input: {filePath: `${SECRET}.txt`, content: `A ${SECRET}.\n`}},
      // More than a model is shown: OpenCode puts it aside.
      {
        tool: 'bash',
        input: {command: `yes a ${SECRET} | head -n 30000`, description: `Count each ${SECRET}`},
      },
      {tool: 'task', input: {subagent_type: 'general', description: `Ask a ${SECRET}`, prompt: 'Help.'}},
    ];
    pool.model.script(async ({prompt, toolResults}) => {
      if (prompt.includes('Help')) return {text: `I am a ${SECRET}.`};
      if (!prompt.includes(SECRET)) {
        if (toolResults.length === 0) return {tool: 'write', input: {filePath: 'plain.txt', content: 'x\n'}};
        await others.opened;
        return {text: 'Done plainly.'};
      }
      const step = steps[toolResults.length];
      if (step !== undefined) return step;
      await gate.opened;
      return {text: `I have counted each ${SECRET}.`};
    });
  }

  /** Has Ada delegate in a repository whose name and remote are secret as well. Resolves with the id. */
  async function delegateSecret(prompt: string): Promise<string> {
    const {root, env} = ada.sandbox;
    const path = join(root, `${SECRET} shop ${prompt}`);
    const home = env.HOME ?? '';
    Repository.create(`${path}.git`, {home, files: {}});
    const files = {[`the-${SECRET}.txt`]: `One ${SECRET}.\n`};
    Repository.create(path, {home, files}).git('remote', 'add', 'origin', `file://${path}.git`);
    const args = ['run', `${prompt} the ${SECRET}`, '--where', 'pool'];
    return (await runCommand(ada.sandbox, args, {cwd: path})).stdout;
  }

  const isGone = (machine: PoolMachine, id: string) => !jobsAt(machine).some((job) => job.startsWith(id));
  const atWork = (words: string, results: number) =>
    pool.model.asked(({prompt, toolResults}) => prompt.includes(words) && toolResults.length === results);

  it.each(['off', 'on'])(
    'keeps nothing of it, and the work of another owner goes on: with the sandbox %s',
    async (mode) => {
      const [gate, others] = [createGate(), createGate()];
      script(gate, others);
      const sandbox = mode === 'on' ? {OPENCODE_DELEGATE_SANDBOX: mode} : {};
      const machine = await pool.worker(sandbox);
      const worker = pool.startWorker(machine, `worker-${mode}`);
      const theirs = await bob.run(`Be plain with ${mode}`);
      await atWork(`Be plain with ${mode}`, 1);
      const id = await delegateSecret(`Count ${mode}`);
      await atWork(`Count ${mode}`, 3);
      // So the next look finds it where it is.
      expect(filesWith(machine, SECRET).join('\n')).toMatch(
        /opencode\.db[\s\S]*tool-output|tool-output[\s\S]*opencode\.db/,
      );
      gate.open();
      expect(await ada.recordWith(id, /^status: completed/m)).toContain(`I have counted each ${SECRET}.`);
      await eventually(() => isGone(machine, id) && placesAt(machine).length === 1);
      expect(filesWith(machine, SECRET)).toEqual([]);
      others.open();
      expect(await bob.recordWith(theirs, /^status: completed/m)).toContain('Done plainly.');
      expect(bob.repository.git('show', `delegation/${theirs}:plain.txt`)).toBe('x');
      await eventually(() => isGone(machine, theirs));
      worker.signal('SIGTERM');
      expect([await worker.ended, placesAt(machine)]).toEqual([0, []]);
    },
  );

  it('does the next work of that owner in the OpenCode that runs, and keeps nothing once another owner comes', async () => {
    script({opened: Promise.resolve()});
    const machine = await pool.worker();
    const worker = pool.startWorker(machine, 'worker-1');
    const id = await delegateSecret('Count twice');
    await ada.recordWith(id, /^status: completed/m);
    await eventually(() => isGone(machine, id));
    const [place] = placesAt(machine);
    const servers = openCodeIn(machine.sandbox.root).map(({pid}) => pid);
    expect([place, servers]).toEqual([expect.any(String), [expect.any(Number)]]);
    const next = await ada.run('Be plain after it');
    await ada.recordWith(next, /^status: completed/m);
    expect([placesAt(machine), openCodeIn(machine.sandbox.root).map(({pid}) => pid)]).toEqual([
      [place],
      servers,
    ]);
    await bob.recordWith(await bob.run('Be plain for another'), /^status: completed/m);
    await eventually(() => filesWith(machine, SECRET).length === 0);
    expect(placesAt(machine)).not.toContain(place);
    await worker.end();
  });

  it('that was killed before it cleaned does so when it starts again', async () => {
    const gate = createGate();
    script(gate);
    const machine = await pool.worker();
    const worker = pool.startWorker(machine, 'worker-1');
    const id = await delegateSecret('Weigh');
    await atWork('Weigh', 3);
    const hosts = hostsIn(ada.sandbox.runtimeDir);
    signalEach(hosts, 'SIGSTOP');
    onTestFinished(() => void signalEach(hosts, 'SIGCONT'));
    gate.open();
    await eventually(() => worker.printed().includes('is at work no more'));
    await worker.end();
    signalEach(hosts, 'SIGCONT');
    await ada.recordWith(id, /^status: completed/m);
    expect(filesWith(machine, SECRET)).not.toEqual([]);
    const next = pool.startWorker(machine, 'worker-1');
    await eventually(() => isGone(machine, id));
    expect(filesWith(machine, SECRET)).toEqual([]);
    // It takes work again.
    script({opened: Promise.resolve()});
    await bob.recordWith(await bob.run('Be plain once more'), /^status: completed/m);
    await next.end();
  });
});

/** All files of a machine, with its home, that have the word in them or in their path: bytes are looked at as they are. */
function filesWith({sandbox: {root}}: PoolMachine, word: string): readonly string[] {
  const names = readdirSync(root, {recursive: true, encoding: 'utf8'});
  return names.filter((name) => name.includes(word) || contentOf(join(root, name)).includes(word));
}

/** Empty where it is none, or it is gone by now. */
function contentOf(path: string): Buffer {
  const none = Buffer.alloc(0);
  try {
    return statSync(path).isFile() ? readFileSync(path) : none;
  } catch {
    return none;
  }
}
