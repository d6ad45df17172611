import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {setUpPool} from '../../src/pool/engine/open.ts';
import {keyFilesIn, readGroupKey, writeKey} from '../../src/pool/keys/key-files.ts';
import {beginCommand, runCommand} from './command.ts';
import {startPostgres} from './postgres.ts';
import {eventually} from './processes.ts';
import {Repository} from './repository.ts';
import {createSandbox, type Sandbox} from './sandbox.ts';
import {type ModelRequest, type Reply, ScriptedModel} from './scripted-model.ts';

const STEP_MS = 300;
const START_MS = 90_000;

/** What the agent of one piece of work writes into its file, and answers: nothing in it is like that of another. */
export function workOf(n: number): {
  readonly prompt: string;
  readonly file: string;
  readonly content: string;
  readonly text: string;
} {
  const noise = createHash('sha512').update(`work ${n}`).digest('base64');
  return {
    prompt: `Write number ${n}.`,
    file: `out/${n}.txt`,
    content: `${noise}\n\tzażółć — “${n}” 日本語 🙂\r\n\n${noise.repeat(n % 7)}\n`,
    text: `Number ${n} is written: ${noise}\n\n* zażółć — “${n}” 日本語 🙂\n* \`${noise.slice(n % 40)}\``,
  };
}

/** The name that git has for a file with that content. */
export function blobOf(content: string): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Machines with a home each, a Postgres between them, and a model that does numbered work. */
export class PoolFleet {
  readonly client: Sandbox;
  readonly machines: readonly Sandbox[];
  readonly repository: Repository;
  /** How often the model was asked to begin each number. */
  readonly begun = new Map<number, number>();
  readonly #stepMs: number;
  readonly #closing: (() => unknown)[] = [];
  #workers: ReturnType<typeof beginCommand>[] = [];

  private constructor(model: ScriptedModel, url: string, {count, stepMs}: {count: number; stepMs: number}) {
    this.#stepMs = stepMs;
    model.script((request) => this.#reply(request));
    const machine = () => {
      const sandbox = createSandbox({modelUrl: model.url, config: {permission: 'allow'}});
      Object.assign(sandbox.env, {OPENCODE_DELEGATE_POOL: url, OPENCODE_DELEGATE_TRUST: 'all'});
      this.#closing.push(() => sandbox.remove());
      const home = join(sandbox.root, 'home');
      const repository = Repository.create(sandbox.project, {home, files: {'a.txt': 'a\n'}});
      return {sandbox, repository};
    };
    const {sandbox, repository} = machine();
    this.client = sandbox;
    this.repository = repository;
    this.machines = Array.from({length: count}, () => machine().sandbox);
  }

  /** @param stepMs so long the model thinks before each of its two steps. */
  static async open(machines: number, stepMs = STEP_MS): Promise<PoolFleet> {
    const postgres = await startPostgres();
    await postgres.create('pool');
    await postgres.query('pool', 'CREATE ROLE team LOGIN');
    await setUpPool(postgres.urlOf('pool'), {role: 'team'});
    const model = await ScriptedModel.start();
    const fleet = new PoolFleet(model, postgres.urlOf('pool', 'team'), {count: machines, stepMs});
    fleet.#closing.unshift(
      () => postgres.stop(),
      () => model.close(),
    );
    await runCommand(fleet.client, ['pool', 'init']);
    const key = readGroupKey(keyFilesIn(fleet.client.env)).toText();
    for (const {env} of fleet.machines) writeKey(keyFilesIn(env).group, key);
    return fleet;
  }

  /** Makes each machine a worker. Resolves when all of them take work. */
  async startWorkers(concurrency: number): Promise<void> {
    this.#workers = this.machines.map((machine, n) => {
      const slots = ['--concurrency', String(concurrency)];
      return beginCommand(machine, [
        ...['worker', '--owners', 'all', '--name', `machine-${n + 1}`, '--drain', '0'],
        ...slots,
      ]);
    });
    const isReady = () => this.#workers.every((worker) => worker.printed().includes('takes work'));
    await eventually(isReady, START_MS, () => this.#workers.map((worker) => worker.printed()).join('\n'));
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) worker.interrupt();
    await Promise.all(this.#workers.map(({ended}) => ended));
    for (const close of this.#closing.reverse()) await close();
  }

  async #reply({prompt, toolResults}: ModelRequest): Promise<Reply> {
    const n = Number(/number (\d+)\./.exec(prompt)?.[1] ?? Number.NaN);
    if (Number.isNaN(n)) return {text: 'Ready.'};
    const {file, content, text} = workOf(n);
    if (toolResults.length === 0) this.begun.set(n, (this.begun.get(n) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, this.#stepMs));
    return toolResults.length === 0 ? {tool: 'write', input: {filePath: file, content}} : {text};
  }
}

/** Does something with each number of a range, so many at a time. */
export async function eachOf(
  [from, to]: readonly [from: number, to: number],
  atOnce: number,
  action: (n: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const one = async () => {
    while (next < to) await action(next++);
  };
  await Promise.all(Array.from({length: atOnce}, one));
}
