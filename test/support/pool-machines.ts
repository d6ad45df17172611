import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setUpPool} from '../../src/pool/engine/open.ts';
import {keyFilesIn, readGroupKey, readOwnerKey, writeKey} from '../../src/pool/keys/key-files.ts';
import {beginCommand, type CommandResult, runCommand} from './command.ts';
import {startPostgres, type TestPostgres} from './postgres.ts';
import {eventually} from './processes.ts';
import {artifactOf, createSandbox, type Sandbox} from './sandbox.ts';
import {ScriptedModel} from './scripted-model.ts';

/** Short, so that a test that loses one does not take minutes. */
const LEASE_SECONDS = 30;

type Process = ReturnType<typeof beginCommand>;

/** Machines of a pool, each with a home and real processes, and a real Postgres between them. */
export class PoolMachines {
  readonly model: ScriptedModel;
  readonly postgres: TestPostgres;
  readonly #machines: Sandbox[] = [];
  readonly #processes: Process[] = [];

  private constructor(postgres: TestPostgres, model: ScriptedModel) {
    this.postgres = postgres;
    this.model = model;
  }

  static async open(): Promise<PoolMachines> {
    const postgres = await startPostgres();
    await postgres.create('pool');
    await postgres.query('pool', 'CREATE ROLE team LOGIN');
    await setUpPool(postgres.urlOf('pool'), {role: 'team'});
    return new PoolMachines(postgres, await ScriptedModel.start());
  }

  /** A machine of a person who makes the keys. */
  async first(): Promise<Sandbox> {
    const machine = this.#make();
    await runCommand(machine, ['pool', 'init']);
    return machine;
  }

  /** One with the keys of another: without that of the owner, it is a worker's. */
  withKeysOf({env}: Sandbox, {isOwners}: {isOwners: boolean}): Sandbox {
    const machine = this.#make();
    const [theirs, own] = [keyFilesIn(env), keyFilesIn(machine.env)];
    writeKey(own.group, readGroupKey(theirs).toText());
    if (isOwners) writeKey(own.owner, readOwnerKey(theirs).toText());
    return machine;
  }

  startWorker(machine: Sandbox, name: string, ...more: readonly string[]): Process {
    const args = [
      'worker',
      '--owners',
      'all',
      '--name',
      name,
      '--drain',
      '0',
      '--checkpoint',
      '0.02',
      ...more,
    ];
    const worker = beginCommand(machine, args);
    this.#processes.push(worker);
    return worker;
  }

  /** Delegates to the pool, and resolves with the id. */
  async delegate(machine: Sandbox, prompt: string, ...more: readonly string[]): Promise<string> {
    const {stdout, stderr} = await runCommand(machine, ['run', prompt, '--where', 'pool', ...more]);
    if (!/^[a-z-]+$/.test(stdout)) throw new Error(`no id: ${stdout} ${stderr}`);
    return stdout;
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.end()));
    for (const machine of this.#machines) await machine.remove();
    await this.model.close();
    await this.postgres.stop();
  }

  #make(): Sandbox {
    const machine = createSandbox({modelUrl: this.model.url, config: {permission: 'allow'}});
    Object.assign(machine.env, {
      OPENCODE_DELEGATE_POOL: `${this.postgres.urlOf('pool', 'team')}?lease=${LEASE_SECONDS}`,
      OPENCODE_DELEGATE_POOL_FETCH: 'file',
      OPENCODE_DELEGATE_TRUST: 'all',
    });
    this.#machines.push(machine);
    return machine;
  }
}

/** The record of a machine once it has that in it. */
export async function recordWith(machine: Sandbox, id: string, words: RegExp, ms?: number): Promise<string> {
  const text = () => readFileSync(artifactOf(machine, id), 'utf8');
  await eventually(() => words.test(text()), ms);
  return text();
}

/** A command's output once it has that in it; the command is run again until then. */
export async function commandWith(
  machine: Sandbox,
  args: readonly string[],
  words: RegExp,
): Promise<CommandResult> {
  for (;;) {
    const result = await runCommand(machine, args);
    if (words.test(result.stdout)) return result;
  }
}

export function homeOf(machine: Sandbox): string {
  return join(machine.root, 'home');
}
