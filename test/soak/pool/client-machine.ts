import {rmSync} from 'node:fs';
import {join} from 'node:path';
import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import type {TestClient} from '../../support/client.ts';
import type {PoolMachine} from '../../support/pool-network.ts';
import {Repository} from '../../support/repository.ts';
import {ActingClient, connectAnswered} from '../acting-client.ts';
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
/** So much of what is delegated goes on with something that has ended. */
const CONTINUED = 0.35;
const CHANGED = 'not committed.txt';

export interface ClientMachineOptions {
  readonly work: PoolWork;
  readonly findings: Findings;
  readonly counts: Counts;
  readonly random: Random;
}

/** A machine at which one MCP client after another delegates to the pool, continues, reads and cancels. */
export class ClientMachine {
  readonly name: string;
  readonly machine: PoolMachine;
  readonly client: ActingClient;
  readonly records: Records;
  readonly repository: Repository;
  /** The first commit. */
  readonly base: string;
  /** What it has cancelled. */
  readonly cancelled = new Set<string>();
  readonly #options: ClientMachineOptions;
  readonly #random: Random;

  constructor(name: string, machine: PoolMachine, options: ClientMachineOptions) {
    const {sandbox} = machine;
    const {work, findings, counts, random} = options;
    this.name = name;
    this.machine = machine;
    this.#options = options;
    this.#random = random;
    this.records = new Records({dataDir: sandbox.dataDir, findings, work});
    const files = {'a.txt': 'a\n', 'web/page.txt': 'page\n'};
    this.repository = Repository.create(sandbox.project, {home: sandbox.env.HOME ?? '', files});
    this.base = this.repository.git('rev-parse', 'HEAD');
    this.client = new ActingClient({
      ...{name, findings, counts, random, pauseMs: PAUSE_MS},
      connect: () => this.connected(),
      act: (client) => this.#act(client),
    });
  }

  get root(): string {
    return this.machine.sandbox.root;
  }

  get hosts(): readonly number[] {
    return targetsIn(this.root, undefined).hosts;
  }

  /** A new client of it. */
  connected(): Promise<TestClient> {
    return connectAnswered(this.machine.sandbox, {name: this.name});
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
    const source = this.#random.chance(CONTINUED) ? this.#pickEnded() : undefined;
    const piece = this.#options.work.invent(this.#random);
    piece.continues = source?.id;
    const text = await this.#call(client, 'delegate', {
      ...{prompt: piece.prompt, timeout_minutes: 10},
      ...(source === undefined ? {where: 'pool', ...this.#changed(piece)} : {continue: source.id}),
    });
    const id = /^[a-z]+-[a-z]+-[a-z]+(?= · )/.exec(text)?.[0];
    if (id !== undefined) piece.id = id;
  }

  /** One that an agent can go on with: as often as not one that was interrupted, where there is one. */
  #pickEnded(): Delegation | undefined {
    const ended = this.records.ended.filter(
      ({state}) => 'sessionId' in state && state.sessionId !== undefined,
    );
    const interrupted = ended.filter(({state}) => state.status === 'interrupted');
    const from = interrupted.length > 0 && this.#random.chance(0.5) ? interrupted : ended;
    return from.length === 0 ? undefined : this.#random.pick(from);
  }

  /** Now and then, something is in the checkout that is in no commit. Only this client changes it. */
  #changed(piece: PoolPiece): {readonly include_changes?: true} {
    if (this.#random.chance(0.3)) {
      piece.changes = {[CHANGED]: `for ${piece.mark}\n`};
      this.repository.write(piece.changes);
      return {include_changes: true};
    }
    rmSync(join(this.repository.path, CHANGED), {force: true});
    return {};
  }

  async #call(client: TestClient, tool: string, input: Record<string, unknown>): Promise<string> {
    const {text, isError} = await client.call(tool, input);
    if (isError) this.#options.counts.refused(text);
    return text;
  }
}
