import {setTimeout as delay} from 'node:timers/promises';
import {ScriptedModel} from '../support/scripted-model.ts';
import {PREFIX} from '../support/user-opencode.ts';
import {until} from './until.ts';

const ANSWER = `# Findings\n\n${'The retry budget is shared by all callers, so one noisy caller starves the rest. '.repeat(8)}`;

const DELEGATE = 'delegate: ';

/** A prompt that the model answers after so many milliseconds. */
export function promptOf(delayMs: number): string {
  return `wait ${delayMs}: look at how retries are budgeted, and say who pays when one caller is noisy.`;
}

/** A prompt on which the model delegates that one. */
export function delegating(prompt: string): string {
  return `${DELEGATE}${prompt}`;
}

/** A tool of OpenCode itself that does next to nothing. */
export const OWN_TOOL = 'glob';
const CALL = 'call: ';

/** A prompt on which the model calls that tool, with what {@link OWN_TOOL} takes. */
export function calling(tool: string): string {
  return `${CALL}${tool}`;
}

/** A prompt that the model does not answer before {@link BenchModel.release}. */
export const HELD_PROMPT = 'hold: look at the whole code base.';

/** A model that takes exactly as long as its prompt says. */
export class BenchModel {
  readonly #model: ScriptedModel;
  readonly #released: Promise<void>;
  #release: () => void = () => {};
  #refused: {readonly name: string; readonly retryAfter: number} | undefined;

  private constructor(model: ScriptedModel) {
    this.#model = model;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    model.script(async ({prompt, toolResults, model: name}) => {
      if (name === this.#refused?.name) {
        const headers = {'retry-after': String(this.#refused.retryAfter)};
        return {status: 429, message: 'Rate limit reached for requests', headers};
      }
      if (prompt.startsWith(DELEGATE) && toolResults.length === 0) {
        return {tool: `${PREFIX}delegate`, input: {prompt: prompt.slice(DELEGATE.length)}};
      }
      if (prompt.startsWith(CALL) && toolResults.length === 0) {
        return {tool: prompt.slice(CALL.length), input: {pattern: '*.none'}};
      }
      const ms = Number(/^wait (\d+):/.exec(prompt)?.[1] ?? 0);
      if (ms > 0) await delay(ms);
      if (prompt === HELD_PROMPT) await this.#released;
      return {text: ANSWER};
    });
  }

  static async start(): Promise<BenchModel> {
    return new BenchModel(await ScriptedModel.start());
  }

  get url(): string {
    return this.#model.url;
  }

  /** Resolves when this many held prompts have come. */
  async holds(count: number): Promise<void> {
    const held = () => this.#model.requests.filter(({prompt}) => prompt === HELD_PROMPT).length;
    await until(`the model holds ${count} prompts`, () => held() >= count);
  }

  /** Resolves when the model has been asked this. */
  async asked(prompt: string): Promise<void> {
    await this.#model.asked((request) => request.prompt === prompt);
  }

  /** Answers all held prompts, those to come too. */
  release(): void {
    this.#release();
  }

  /** Answers requests to that model with 429 from now on, and asks for so many seconds of patience. */
  refuse(name: string, retryAfter: number): void {
    this.#refused = {name, retryAfter};
  }

  /** Refuses nobody any more. */
  accept(): void {
    this.#refused = undefined;
  }

  close(): Promise<void> {
    this.#release();
    return this.#model.close();
  }
}
