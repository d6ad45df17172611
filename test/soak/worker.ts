import {setTimeout as pause} from 'node:timers/promises';
import {messageOf} from '../../src/base/errors.ts';
import {connect, ERAS, type TestClient, type ToolAnswer} from '../support/client.ts';
import {signalEach} from '../support/processes.ts';
import type {Random} from './random.ts';
import type {Piece} from './work.ts';
import {MAX_OPEN, type World} from './world.ts';

/** Between two calls of a worker, at most. */
const PAUSE_MS = 400;
/** A client that could not connect so often in a row will never do so. */
const MAX_ATTEMPTS = 10;
const WAITS_SECONDS = [0, 1, 3, 8];

/** One MCP client after another at the bin: it delegates, reads, lists, and continues until it is stopped. */
export class Worker {
  readonly #world: World;
  readonly #random: Random;
  readonly #name: string;
  #client: TestClient | undefined;
  #isStopped = false;

  constructor(name: string, world: World, random: Random) {
    this.#name = name;
    this.#world = world;
    this.#random = random;
  }

  /** True while there is a bridge that can be killed. */
  get isConnected(): boolean {
    return this.#client !== undefined;
  }

  /** Ends its bridge as a crash would. The next call is another client's. */
  kill(): void {
    const {pid} = this.#client ?? {};
    this.#client = undefined;
    if (pid !== undefined) signalEach([pid], 'SIGKILL');
  }

  /** Resolves when it was stopped and its last call is over. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#isStopped) {
      try {
        this.#client ??= await this.#connect();
        failures = 0;
        await this.#act(this.#client);
      } catch (error) {
        failures = this.#failed(error, failures);
      }
      await pause(this.#random.between(0, PAUSE_MS));
    }
    await this.#client?.close();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #connect(): Promise<TestClient> {
    const client = await connect(this.#world.sandbox, {
      name: this.#name,
      era: this.#random.pick(ERAS),
      env: this.#world.clientEnv,
    });
    try {
      await client.tools();
      return client;
    } catch (error) {
      // Its host was killed at that moment. Nobody else would end its bridge, which would be left behind.
      await client.close().catch(() => {});
      throw error;
    }
  }

  /** Kills make calls fail; what they may not do is leave a call without an answer, or a client without a host. */
  #failed(error: unknown, failures: number): number {
    const {findings, counts} = this.#world;
    const message = messageOf(error);
    counts.add('calls that failed', 1);
    if (/timed out/i.test(message)) findings.broken('stuck', this.#name, message);
    if (this.#client !== undefined && /closed/i.test(message)) {
      counts.add('bridges that ended by themselves', 1);
      this.#client = undefined;
    }
    if (this.#client !== undefined) return 0;
    if (failures + 1 === MAX_ATTEMPTS) findings.broken('stuck', this.#name, `it cannot connect: ${message}`);
    return failures + 1;
  }

  async #act(client: TestClient): Promise<void> {
    const {records} = this.#world;
    records.look();
    const known = records.all.map(({id}) => id);
    const isBusy = records.open.length >= MAX_OPEN;
    if (known.length === 0 || (!isBusy && this.#random.chance(0.6))) return this.#delegate(client);
    if (this.#random.chance(0.1)) {
      await this.#expectAnswer(client.call('delegation_list'));
      return;
    }
    const open = records.open.map(({id}) => id);
    const id = this.#random.pick(open.length > 0 && this.#random.chance(0.8) ? open : known);
    await this.#read(client, id);
  }

  async #delegate(client: TestClient): Promise<void> {
    const {work, records, random} = {...this.#world, random: this.#random};
    const ended = records.ended.filter(({state}) => 'sessionId' in state && state.sessionId !== undefined);
    const continued = ended.length > 0 && random.chance(0.2) ? random.pick(ended).id : undefined;
    const piece = work.invent(random);
    const input = {prompt: piece.prompt, ...(continued !== undefined && {continue: continued})};
    const answer = await client.call('delegate', input);
    const id = /^[a-z]+-[a-z]+-[a-z]+(?= · )/.exec(answer.text)?.[0];
    if (answer.isError || id === undefined) this.#world.counts.refused(answer.text);
    else piece.id = id;
  }

  async #read(client: TestClient, id: string): Promise<void> {
    const wait_seconds = this.#random.pick(WAITS_SECONDS);
    const answer = await this.#expectAnswer(client.read(id, {wait_seconds}));
    const piece = this.#world.work.of(this.#world.records.of(id)?.prompt ?? '');
    if (piece !== undefined && answer.blocks[0]?.includes(`${id} · completed`)) this.#compare(piece, answer);
  }

  #compare(piece: Piece, {blocks}: ToolAnswer): void {
    if (blocks[1] === piece.answer) return;
    this.#world.findings.broken('wrong', piece.mark, `a read of it says "${blocks[1]}"`);
  }

  async #expectAnswer(asked: Promise<ToolAnswer>): Promise<ToolAnswer> {
    const answer = await asked;
    if (answer.isError) this.#world.counts.refused(answer.text);
    return answer;
  }
}
