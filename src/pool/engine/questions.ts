import {randomUUID} from 'node:crypto';
import {setTimeout as pause} from 'node:timers/promises';
import type {PoolQuestion} from '../queue/queue.ts';
import type {Desk, PoolLane} from './desk.ts';

/** The route of what is asked of one worker. No route of a repository has a dot. */
const ROUTE = '.question';
/** The one who asks waits for nothing else. */
const LOOK_MS = 50;
/** For so long what is asked is gathered. */
const GATHER_MS = 20;

/** Whom the desk notes a question down for. No fingerprint of an owner has a space. */
function addressOf(worker: string): string {
  return `worker ${worker}`;
}

/** True for a line in which no jobs are. */
export function isQuestions({route}: PoolLane): boolean {
  return route === ROUTE;
}

/** What a machine asks workers. */
export class Questions {
  readonly #desk: Desk;
  #ringing: Promise<void> | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /**
   * Asks a worker.
   * @returns the answer; `undefined` where none has come in time. Nothing of it is left but a tombstone.
   */
  async ask({id, worker, body}: PoolQuestion, withinMs: number): Promise<Uint8Array | undefined> {
    const desk = this.#desk;
    const notAfter = (await desk.now()) + withinMs;
    await desk.enter({id, owner: addressOf(worker), route: ROUTE, notAfter, body});
    try {
      await this.#ring();
      for (;;) {
        const known = await desk.find(id);
        if (known?.result !== undefined) return known.result;
        if (known === undefined || known.now > notAfter) return undefined;
        await pause(LOOK_MS);
      }
    } finally {
      await desk.forget(id);
    }
  }

  /** What is asked at once wakes the workers once. */
  #ring(): Promise<void> {
    this.#ringing ??= pause(GATHER_MS).then(() => {
      this.#ringing = undefined;
      return this.#desk.ring();
    });
    return this.#ringing;
  }
}

/** Answers what a worker is asked, each once. What has an empty answer could not be understood. */
export async function answerQuestions(
  desk: Desk,
  worker: string,
  answer: (question: PoolQuestion) => Promise<Uint8Array>,
): Promise<void> {
  for (const {id, stands} of await desk.ofOwner(addressOf(worker))) {
    const claim = `${worker}/${randomUUID()}`;
    if (stands !== 'waiting' || (await desk.claim(id, claim)) !== 'claimed') continue;
    const known = await desk.find(id);
    if (known === undefined) continue;
    await desk.keepResult(id, claim, await answer({id, worker, body: known.job.body}));
    await desk.touch(id, true);
  }
}

/** True where a worker is asked something. */
export function isAsked(worker: string, lanes: readonly PoolLane[]): boolean {
  return lanes.some((lane) => isQuestions(lane) && lane.owner === addressOf(worker));
}
