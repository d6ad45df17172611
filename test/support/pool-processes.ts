import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'vitest';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import {beginCommand, type CommandResult, runCommand} from './command.ts';
import {createPoolMachine, PoolDatabase, type PoolMachine, SCHEMA} from './pool-network.ts';
import {eventually} from './processes.ts';
import {Repository} from './repository.ts';
import {artifactOf} from './sandbox.ts';
import {type Reply, ScriptedModel} from './scripted-model.ts';

/** Short, so that a test that loses one does not take minutes. */
export const LEASE_SECONDS = 10;
/** What has to do with a lease that is lost is found out in this time, also on a busy machine. */
const LONG_MS = 120_000;

/** A machine of a person, with a repository. */
export interface PoolClient extends PoolMachine {
  readonly repository: Repository;
  /** Runs one of the commands for people. */
  command(...args: readonly string[]): Promise<CommandResult>;
  /** Delegates to the pool, expects that to work, and returns the id. */
  run(prompt: string, ...more: readonly string[]): Promise<string>;
  record(id: string): string;
  /** The record once it has that in it. */
  recordWith(id: string, words: RegExp): Promise<string>;
}

/** A pool with a client's machine and a worker's. */
export interface PoolScene {
  readonly pool: PoolProcesses;
  readonly client: PoolClient;
  /** The worker's. */
  readonly machine: PoolMachine;
  readonly worker: ReturnType<PoolProcesses['startWorker']>;
}

/** Real processes of clients and workers, each with a home and a network, and a real Postgres between them. */
export class PoolProcesses {
  readonly database: PoolDatabase;
  readonly model: ScriptedModel;
  readonly #group = GroupKey.create();
  readonly #machines: PoolMachine[] = [];
  readonly #workers: ReturnType<typeof beginCommand>[] = [];

  private constructor(database: PoolDatabase, model: ScriptedModel) {
    this.database = database;
    this.model = model;
  }

  /** @param lease in seconds; `usual`: as long as people have it. */
  static async open(lease: number | 'usual' = LEASE_SECONDS): Promise<PoolProcesses> {
    const database = await PoolDatabase.start(lease === 'usual' ? undefined : lease);
    return new PoolProcesses(database, await ScriptedModel.start());
  }

  /** With a client's machine, and a worker of that name on another. */
  static async withWorker(
    name: string,
    {lease, env}: {lease?: number | 'usual'; env?: Readonly<Record<string, string>>} = {},
  ): Promise<PoolScene> {
    const pool = await PoolProcesses.open(lease);
    const [client, machine] = [await pool.client(env), await pool.worker(env)];
    return {pool, client, machine, worker: pool.startWorker(machine, name)};
  }

  /** A machine of a person whom the pool has not seen before. */
  async client(env: Readonly<Record<string, string>> = {}): Promise<PoolClient> {
    const machine = await this.#machine({owner: OwnerKey.create(), env});
    const {sandbox} = machine;
    const repository = Repository.create(sandbox.project, {
      home: sandbox.env.HOME ?? '',
      files: {'a.txt': 'a\n', 'web/page.txt': 'page\n'},
    });
    const record = (id: string) => readFileSync(artifactOf(sandbox, id), 'utf8');
    return {
      ...{...machine, repository, record},
      command: (...args) => runCommand(sandbox, args),
      run: async (prompt, ...more) => {
        const {stdout, stderr} = await runCommand(sandbox, ['run', prompt, '--where', 'pool', ...more]);
        expect(stdout, stderr).toMatch(/^[a-z-]+$/);
        return stdout;
      },
      recordWith: async (id, words) => {
        await eventually(
          () => words.test(record(id)),
          LONG_MS,
          () => `not ${words} in ${record(id)}`,
        );
        return record(id);
      },
    };
  }

  /** @param config of its OpenCode; there, everything is allowed else. */
  worker(
    env: Readonly<Record<string, string>> = {},
    config: Record<string, unknown> = {},
  ): Promise<PoolMachine> {
    return this.#machine({env, config});
  }

  startWorker({sandbox}: PoolMachine, name: string, ...more: readonly string[]) {
    const args = ['worker', '--owners', 'all', '--name', name, '--drain', '0', '--checkpoint', '0.02'];
    const running = beginCommand(sandbox, [...args, ...more]);
    this.#workers.push(running);
    return running;
  }

  /** Whether what its agent has written outlives the worker by now, and a letter says so: written after the file. */
  async hasCheckpoint(id: string): Promise<boolean> {
    const rows = await this.database.query(
      `SELECT 1 FROM ${SCHEMA}.desk_file file JOIN ${SCHEMA}.desk_letter letter USING (id)
        WHERE id LIKE '${id}@%' AND name LIKE 'checkpoint-%' AND chunks IS NOT NULL
          AND reader = 'owner' AND letter.xmin::text::bigint > file.xmin::text::bigint`,
    );
    return rows.length > 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((one) => one.end()));
    try {
      await Promise.all(this.#machines.map((one) => one.remove()));
    } finally {
      // Also where a machine could not be removed: nobody else would end them.
      await this.model.close();
      await this.database.stop();
    }
  }

  async #machine({env, owner, config = {}}: Given): Promise<PoolMachine> {
    const keys = {group: this.#group, ...(owner !== undefined && {owner})};
    const machine = await createPoolMachine(this.database, {modelUrl: this.model.url, keys, config});
    Object.assign(machine.sandbox.env, env);
    this.#machines.push(machine);
    return machine;
  }
}

interface Given {
  readonly env: Readonly<Record<string, string>>;
  readonly owner?: OwnerKey;
  readonly config?: Record<string, unknown>;
}

/** Where a worker has its records, its repositories and its sessions. */
export function workerFolder({sandbox}: PoolMachine): string {
  return join(sandbox.env.HOME ?? '', '.local/share/opencode-delegate/worker');
}

/** The jobs that a worker has a checkout of. */
export function jobsAt(machine: PoolMachine): readonly string[] {
  return readdirSync(join(workerFolder(machine), '.code/jobs'));
}

/** The folders in which a worker's OpenCode keeps what it writes, one for the jobs of each owner. */
export function placesAt(machine: PoolMachine): readonly string[] {
  const folder = join(workerFolder(machine), '.owners');
  return readdirSync(folder).map((name) => join(folder, name));
}

/** The record that a worker has of its own of what fits; empty where there is none. */
export function recordAt(machine: PoolMachine, words: RegExp): string {
  const folder = workerFolder(machine);
  const files = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter((name) =>
    /^[^.].*\/[a-z-]+\.md$/.test(name),
  );
  // One whose owner has the result is removed meanwhile.
  const texts = files.map((name) => wholeOrEmpty(join(folder, name)));
  return texts.find((text) => words.test(text)) ?? '';
}

function wholeOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Has an agent write a file, then waits for the gate, and has it answer. Tells how often it was to answer. */
export function scriptHeld(
  model: ScriptedModel,
  file: string,
  {content = `${file}\n`, gate = {opened: Promise.resolve()}}: Held = {},
): () => number {
  let answers = 0;
  model.script(async ({toolResults}): Promise<Reply> => {
    if (toolResults.length === 0) return {tool: 'write', input: {filePath: file, content}};
    answers += 1;
    await gate.opened;
    return {text: `Done with ${file}.`};
  });
  return () => answers;
}

interface Held {
  readonly content?: string;
  readonly gate?: {readonly opened: Promise<void>};
}
