import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {messageOf} from '../../../src/base/errors.ts';
import {connect, type TestClient} from '../../support/client.ts';
import type {PoolMachine} from '../../support/pool-network.ts';
import {signalEach} from '../../support/processes.ts';
import {Repository} from '../../support/repository.ts';
import type {Counts} from '../counts.ts';
import type {Findings} from '../findings.ts';
import type {Random} from '../random.ts';
import {Records} from '../records.ts';
import {targetsIn} from '../targets.ts';
import type {PoolPiece, PoolWork} from './work.ts';

/** So many may be open on a machine before its client delegates no more. */
const MAX_OPEN = 5;
/** Between two calls, at most. */
const PAUSE_MS = 1_000;
/** A client that could not connect so often in a row will never do so. */
const MAX_ATTEMPTS = 20;
const CHANGED = 'not committed.txt';

export interface ClientMachineOptions {
  readonly work: PoolWork;
  readonly findings: Findings;
  readonly counts: Counts;
  readonly random: Random;
}

/** A machine at which one MCP client after another delegates to the pool, reads and cancels. */
export class ClientMachine {
  readonly name: string;
  readonly machine: PoolMachine;
  readonly records: Records;
  readonly repository: Repository;
  /** What the first commit has. */
  readonly committed: readonly string[];
  /** What it has cancelled. */
  readonly cancelled = new Set<string>();
  readonly #options: ClientMachineOptions;
  readonly #random: Random;
  #client: TestClient | undefined;
  #isStopped = false;

  constructor(name: string, machine: PoolMachine, options: ClientMachineOptions) {
    const {sandbox} = machine;
    const {work, findings, random} = options;
    this.name = name;
    this.machine = machine;
    this.#options = options;
    this.#random = random;
    this.records = new Records({dataDir: sandbox.dataDir, findings, work});
    const files = {'a.txt': 'a\n', 'web/page.txt': 'page\n'};
    this.committed = Object.keys(files);
    this.repository = Repository.create(sandbox.project, {home: sandbox.env.HOME ?? '', files});
  }

  get root(): string {
    return this.machine.sandbox.root;
  }

  get hosts(): readonly number[] {
    return targetsIn(this.root, undefined).hosts;
  }

  /** Ends its bridge as a crash would. False where there is none. */
  kill(): boolean {
    const {pid} = this.#client ?? {};
    this.#client = undefined;
    return pid !== undefined && signalEach([pid], 'SIGKILL');
  }

  /** Resolves when it was stopped and its last call is over. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#isStopped) {
      try {
        this.#client ??= await this.connected();
        failures = 0;
        await this.#act(this.#client);
      } catch (error) {
        failures = this.#failed(error, failures);
      }
      await pause(this.#random.between(0, PAUSE_MS));
    }
    await this.#client?.close().catch(() => {});
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** A new client of it. */
  async connected(): Promise<TestClient> {
    const client = await connect(this.machine.sandbox, {name: this.name});
    try {
      await client.tools();
      return client;
    } catch (error) {
      await client.close().catch(() => {});
      throw error;
    }
  }

  #failed(error: unknown, failures: number): number {
    const {findings, counts} = this.#options;
    const message = messageOf(error);
    counts.add('calls that failed', 1);
    if (/timed out/i.test(message)) findings.broken('stuck', this.name, message);
    if (/closed/i.test(message)) this.#client = undefined;
    if (this.#client !== undefined) return 0;
    if (failures + 1 === MAX_ATTEMPTS) findings.broken('stuck', this.name, `it cannot connect: ${message}`);
    return failures + 1;
  }

  async #act(client: TestClient): Promise<void> {
    const {records} = this;
    records.look();
    const open = records.open.map(({id}) => id);
    if (open.length < MAX_OPEN && this.#random.chance(0.5)) return this.#delegate(client);
    if (open.length === 0) return;
    const id = this.#random.pick(open);
    if (this.#random.chance(0.03)) {
      this.cancelled.add(id);
      await this.#call(client, 'delegation_cancel', {id});
    } else await this.#call(client, 'delegation_read', {id, wait_seconds: this.#random.pick([0, 1, 3])});
  }

  async #delegate(client: TestClient): Promise<void> {
    const piece = this.#options.work.invent(this.#random);
    const {include_changes} = this.#change(piece);
    const text = await this.#call(client, 'delegate', {
      ...{prompt: piece.prompt, where: 'pool', timeout_minutes: 10},
      ...(include_changes && {include_changes}),
    });
    const id = /^[a-z]+-[a-z]+-[a-z]+(?= · )/.exec(text)?.[0];
    if (id !== undefined) piece.id = id;
  }

  /** Now and then, something is in the checkout that is in no commit. Only this client changes it. */
  #change(piece: PoolPiece): {readonly include_changes: boolean} {
    const isChanged = this.#random.chance(0.3);
    if (isChanged) {
      piece.changes = {[CHANGED]: `for ${piece.mark}\n`};
      this.repository.write(piece.changes);
    } else rmSync(join(this.repository.path, CHANGED), {force: true});
    return {include_changes: isChanged};
  }

  async #call(client: TestClient, tool: string, input: Record<string, unknown>): Promise<string> {
    const {text, isError} = await client.call(tool, input);
    if (isError) this.#options.counts.refused(text);
    return text;
  }
}
