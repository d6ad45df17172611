import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {beginCommand} from '../../support/command.ts';
import type {PoolMachine} from '../../support/pool-network.ts';
import {openCodeIn, signalEach} from '../../support/processes.ts';
import type {Random} from '../random.ts';

/** How long a worker that has ended stays away, at most. */
const AWAY_MS = 4_000;

type Running = ReturnType<typeof beginCommand>;

/** A machine with a worker, which something starts again whenever it has ended. */
export class WorkerMachine {
  readonly name: string;
  readonly machine: PoolMachine;
  readonly #random: Random;
  readonly #printed: string[] = [];
  #running: Running | undefined;
  #isStopped = false;

  constructor(name: string, machine: PoolMachine, random: Random) {
    this.name = name;
    this.machine = machine;
    this.#random = random;
  }

  get root(): string {
    return this.machine.sandbox.root;
  }

  /** The process, while there is one. */
  get pids(): readonly number[] {
    return this.#running === undefined ? [] : [this.#running.pid];
  }

  /** Its OpenCode servers. */
  get servers(): readonly number[] {
    return openCodeIn(this.root).map(({pid}) => pid);
  }

  /** All that its processes have printed. */
  get log(): string {
    return [...this.#printed, this.#running?.printed() ?? ''].join('');
  }

  /** Resolves when it was stopped and has ended. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      const args = ['--owners', 'all', '--name', this.name, '--drain', '0.05', '--checkpoint', '0.03'];
      const running = beginCommand(this.machine.sandbox, ['worker', ...args, '--concurrency', '2']);
      this.#running = running;
      await running.ended;
      this.#printed.push(running.printed(), '--- ended\n');
      this.#running = undefined;
      if (!this.#isStopped) await pause(this.#random.between(0, AWAY_MS));
    }
  }

  /** Tells it to end; it is not started again. */
  stop(): void {
    this.#isStopped = true;
    signalEach(this.pids, 'SIGTERM');
  }

  /** What is there of jobs: checkouts, bundles on their way, worktrees, records and sessions. */
  leftovers(): readonly string[] {
    const folder = join(this.machine.sandbox.env.HOME ?? '', '.local/share/opencode-delegate/worker');
    const records = namesIn(folder).filter((name) => name.startsWith('job-'));
    const others = ['.code/jobs', '.spool', 'worktrees', '.worktrees', '.open', '.owners'].flatMap((name) =>
      namesIn(join(folder, name)).map((one) => `${name}/${one}`),
    );
    return [...records, ...others];
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
