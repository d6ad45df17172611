import {setTimeout as pause} from 'node:timers/promises';
import type {ModelRequest, Reply} from '../../support/scripted-model.ts';
import type {Findings} from '../findings.ts';
import type {Random} from '../random.ts';
import {Requests} from '../requests.ts';

const PROMPT = /Do (pool-\d+)\./g;
/** Most answers come soon; some take long enough to meet several faults. */
const DELAYS_MS = [0, 100, 500, 1_000, 3_000, 6_000];
/** Some files are large, so that what travels has more than one chunk. */
const SIZES = [20, 20, 20, 200_000];

/** One prompt, and all that is known of it. */
export interface PoolPiece {
  readonly mark: string;
  readonly prompt: string;
  /** What the model says in the end, to the letter. */
  readonly answer: string;
  /** What its agent writes, in this order. */
  readonly files: readonly (readonly [name: string, content: string])[];
  /** How long the model thinks before each of its turns. */
  readonly delaysMs: readonly number[];
  /** How often the model was asked for the first turn. */
  firstTurns: number;
  /** When that was, in milliseconds since the epoch. */
  firstAt: number;
  /** Of its delegation, once a client was told. */
  id: string | undefined;
  /** The delegation that it goes on with. */
  continues: string | undefined;
  /** What its checkout had that was in no commit, and travels. */
  changes: Readonly<Record<string, string>>;
}

/** The prompts of a run, each with a mark of its own, and the model that does them. */
export class PoolWork {
  readonly requests = new Requests();
  readonly #pieces = new Map<string, PoolPiece>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get pieces(): readonly PoolPiece[] {
    return [...this.#pieces.values()];
  }

  /** Thinks up a prompt that nobody has had yet. */
  invent(random: Random): PoolPiece {
    const mark = `pool-${this.#pieces.size + 1}`;
    const count = random.pick([0, 1, 1, 2, 3]);
    const files = Array.from({length: count}, (_, n) => {
      const content = wordsOf(random, random.pick(SIZES));
      return [`${mark}/${n}.txt`, `${mark} ${n} ${content}\n`] as const;
    });
    const piece: PoolPiece = {
      ...{mark, files, prompt: `Do ${mark}.`, answer: `The answer to ${mark}.`},
      delaysMs: Array.from({length: count + 1}, () => random.pick(DELAYS_MS)),
      ...{firstTurns: 0, firstAt: 0, id: undefined, continues: undefined, changes: {}},
    };
    this.#pieces.set(mark, piece);
    return piece;
  }

  /** The one that a prompt is of: the last that it names, as one that goes on with another names that first. */
  of(prompt: string): PoolPiece | undefined {
    return this.#pieces.get([...prompt.matchAll(PROMPT)].at(-1)?.[1] ?? '');
  }

  /** The model's script. */
  async answer(request: ModelRequest): Promise<Reply> {
    const piece = request.tools.length === 0 ? undefined : this.of(request.prompt);
    if (piece === undefined) return {text: 'Noted.'};
    this.requests.add();
    if (request.messages.at(-1)?.role === 'user') this.#askedFirst(piece);
    const turn = request.toolResults.length;
    await pause(piece.delaysMs[turn] ?? 0);
    const file = piece.files[turn];
    if (file === undefined) return {text: piece.answer};
    const [filePath, content] = file;
    return {text: `Step ${turn + 1}.`, tool: 'write', input: {filePath, content}};
  }

  #askedFirst(piece: PoolPiece): void {
    piece.firstTurns += 1;
    piece.firstAt ||= Date.now();
    if (piece.firstTurns > 1) {
      const times = `the model was asked ${piece.firstTurns} times for the first turn of "${piece.prompt}"`;
      this.#findings.broken('doubled', piece.mark, times);
    }
  }
}

/** What no compression makes small. */
function wordsOf(random: Random, size: number): string {
  let words = '';
  while (words.length < size) words += random.between(0, 0xffff_ffff).toString(36);
  return words;
}
