import {ERAS, type TestClient, type ToolAnswer} from '../support/client.ts';
import {ActingClient, connectAnswered} from './acting-client.ts';
import type {Random} from './random.ts';
import type {Piece} from './work.ts';
import {MAX_OPEN, type World} from './world.ts';

/** Between two calls of a worker, at most. */
const PAUSE_MS = 400;
const WAITS_SECONDS = [0, 1, 3, 8];

/** A client of the bin that delegates, reads, lists and continues until it is stopped. */
export class Worker {
  readonly client: ActingClient;
  readonly #world: World;
  readonly #random: Random;

  constructor(name: string, world: World, random: Random) {
    const {findings, counts, sandbox, clientEnv: env} = world;
    this.#world = world;
    this.#random = random;
    this.client = new ActingClient({
      ...{name, findings, counts, random, pauseMs: PAUSE_MS},
      connect: () => connectAnswered(sandbox, {name, era: random.pick(ERAS), env}),
      act: (client) => this.#act(client),
    });
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
