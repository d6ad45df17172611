import {randomUUID} from 'node:crypto';
import {deferred} from '../../base/deferred.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {Delivery} from '../../delegation/model/message.ts';
import type {AskReply} from '../../delegation/model/run.ts';
import {type FromOwner, LETTERS_VERSION} from '../mail/letters.ts';

/** A worker that is there answers sooner. */
const ANSWER_MS = 15_000;

/** What a worker has said to a letter that wants an answer. */
interface Answered {
  readonly delivery?: Delivery;
  readonly error?: string;
}

/** Letters to a worker that want an answer, each by a name of its own. */
export class PoolCalls {
  readonly #post: (letter: FromOwner) => Promise<void>;
  readonly #open = new Map<string, (answer: Answered) => void>();

  constructor(post: (letter: FromOwner) => Promise<void>) {
    this.#post = post;
  }

  /** Resolves with the answer, or with an error where none comes in time. @throws when the letter cannot be sent. */
  async call(letter: (call: string) => FromOwner): Promise<Answered> {
    const call = randomUUID();
    const answered = deferred<Answered>();
    this.#open.set(call, answered.resolve);
    try {
      await this.#post(letter(call));
      const silence = {error: `its worker has not answered in ${ANSWER_MS / 1_000} s`};
      return await withTimeout(ANSWER_MS, answered.promise, silence);
    } finally {
      this.#open.delete(call);
    }
  }

  /** @throws when the answer could not be given to the agent. */
  async reply(ask: string, reply: AskReply): Promise<void> {
    const letter = (call: string) =>
      ({v: LETTERS_VERSION, is: 'reply', call, ask, reply: asWritten(reply)}) as const;
    const {error} = await this.call(letter);
    if (error !== undefined) throw new Error(error);
  }

  answered(call: string, answer: Answered): void {
    this.#open.get(call)?.(answer);
  }

  /** None is answered any more. */
  close(): void {
    for (const answer of this.#open.values()) answer({error: 'it has ended'});
  }
}

function asWritten(reply: AskReply): Extract<FromOwner, {is: 'reply'}>['reply'] {
  if (!reply.allow) return {allow: false, message: reply.message};
  return {allow: true, answers: reply.answers.map((answers) => [...answers])};
}
