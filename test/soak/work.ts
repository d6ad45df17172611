import {setTimeout as pause} from 'node:timers/promises';
import type {ModelRequest, Reply} from '../support/scripted-model.ts';
import {PREFIX} from '../support/user-opencode.ts';
import type {Findings} from './findings.ts';
import type {Random} from './random.ts';
import {Requests} from './requests.ts';

const MARK = /soak-\d+/;
/** How a person's message begins that wants a prompt delegated. */
export const HAND_ON = 'Hand on';
/** Most answers come soon, so that kills meet all of a turn's moments; some take long enough to meet several. */
const DELAYS_MS = [0, 0, 50, 100, 200, 500, 1_000, 3_000];
/** Some answers are long, so that they come in more than one piece of a stream's reading. */
const LENGTHS = [0, 0, 0, 200, 5_000];

/** One prompt, and all that is known of it. */
export interface Piece {
  readonly mark: string;
  readonly prompt: string;
  /** What the model says in the end, to the letter. */
  readonly answer: string;
  /** How long the model thinks before each of its turns. */
  readonly delaysMs: readonly number[];
  /** How often it calls a tool before it answers. */
  readonly toolCalls: number;
  /** How often the model was asked for the first turn. */
  firstTurns: number;
  /** The model has said all of its answer. */
  isAnswered: boolean;
  /** Of its delegation, once a client was told. */
  id: string | undefined;
}

/** The prompts of a run, each with a mark of its own, and the model that answers them. */
export class Work {
  readonly requests = new Requests();
  readonly #pieces = new Map<string, Piece>();
  readonly #findings: Findings;
  /** What a person's model has delegated: a message that it is shown again is not done again. */
  readonly #handedOn = new Set<Piece>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get pieces(): readonly Piece[] {
    return [...this.#pieces.values()];
  }

  /** Thinks up a prompt that nobody has had yet. */
  invent(random: Random): Piece {
    const mark = `soak-${this.#pieces.size + 1}`;
    const toolCalls = random.pick([0, 0, 1, 3]);
    const piece: Piece = {
      mark,
      prompt: `Work on ${mark}.`,
      answer: `The answer to ${mark}.${' More of it.'.repeat(random.pick(LENGTHS) / 10)}`,
      delaysMs: Array.from({length: toolCalls + 1}, () => random.pick(DELAYS_MS)),
      toolCalls,
      firstTurns: 0,
      isAnswered: false,
      id: undefined,
    };
    this.#pieces.set(mark, piece);
    return piece;
  }

  /** The one that the text is about. */
  of(text: string): Piece | undefined {
    return this.#pieces.get(MARK.exec(text)?.[0] ?? '');
  }

  /** The model's script. */
  async answer(request: ModelRequest): Promise<Reply> {
    this.requests.add();
    const piece = this.of(request.prompt);
    if (piece?.prompt === request.prompt) return this.#work(piece, request);
    if (piece === undefined || !request.prompt.startsWith(HAND_ON)) return {text: 'Noted.'};
    if (this.#handedOn.has(piece) || request.toolResults.length > 0) return {text: 'Handed on.'};
    this.#handedOn.add(piece);
    return {tool: `${PREFIX}delegate`, input: {prompt: piece.prompt}};
  }

  async #work(piece: Piece, request: ModelRequest): Promise<Reply> {
    const turn = request.toolResults.length;
    if (request.messages.at(-1)?.role === 'user') this.#askedFirst(piece);
    await pause(piece.delaysMs[turn] ?? 0);
    if (turn < piece.toolCalls) {
      return {
        text: `Step ${turn + 1} of ${piece.mark}.`,
        tool: 'bash',
        input: {command: `sleep 0.${turn + 1}; echo ${piece.mark}`, description: 'look'},
      };
    }
    piece.isAnswered = true;
    return {text: piece.answer};
  }

  #askedFirst(piece: Piece): void {
    piece.firstTurns += 1;
    if (piece.firstTurns > 1) {
      const times = `the model was asked ${piece.firstTurns} times for the first turn of "${piece.prompt}"`;
      this.#findings.broken('doubled', piece.mark, times);
    }
  }
}
