import {randomUUID} from 'node:crypto';
import {deferred} from '../../base/deferred.ts';
import {messageOf} from '../../base/errors.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import type {Delivery, MessageText} from '../../delegation/model/message.ts';
import {
  type AskReply,
  NO_PRODUCT,
  type Product,
  type Run,
  type RunEnd,
  type RunObserver,
  type Snapshot,
} from '../../delegation/model/run.ts';
import type {Waiting} from '../../delegation/model/waiting.ts';
import {type FromOwner, type FromWorker, type JobResult, LETTERS_VERSION} from '../mail/letters.ts';
import {PoolCalls} from './calls.ts';
import {unreadableEnd} from './ends.ts';
import {JobWatch} from './job-watch.ts';
import type {PoolLine} from './line.ts';
import type {PoolLink} from './link.ts';

/** For so long a cancelled one is waited for, to bring home what it has. */
const STOP_MS = 8_000;
/** A conversation that is looked at is asked for this often. */
const CONVERSATION_MS = 1_000;

const v = LETTERS_VERSION;

export interface PoolRunOptions {
  readonly job: string;
  readonly link: PoolLink;
  readonly observer: RunObserver;
  readonly line: PoolLine;
  /** Keeps what its agent has said. */
  readonly keep: (entries: readonly ConversationEntry[]) => Promise<void>;
  /** Sends all of the code to a worker that cannot fetch it. */
  readonly sendWhole: (signal: AbortSignal) => void;
  /** Sees to it that the pool has the job, once. */
  readonly handOver: (signal: AbortSignal, trouble: (why: string | undefined) => void) => Promise<void>;
}

/** A delegation that runs on a worker of the pool, or waits for one, as the client's host sees it. */
export class PoolRun implements Run {
  readonly isNotKnown = false;
  readonly #options: PoolRunOptions;
  readonly #end = deferred<RunEnd>();
  /** The pool has it: before, there is nobody to write to. */
  readonly #handedOver = deferred<void>();
  readonly #calls = new PoolCalls((letter) => this.#post(letter));
  readonly #entries = new Map<string, ConversationEntry>();
  #product: Product = NO_PRODUCT;
  #result: JobResult | undefined;
  #isTaken = false;
  #hasSession = false;
  #isEnded = false;
  #trouble: string | undefined;
  #askedAt = 0;
  #stopping: Promise<void> | undefined;

  readonly #watch: JobWatch;

  constructor(options: PoolRunOptions) {
    const {job, link, line} = options;
    this.#options = options;
    line.enter(job);
    this.#watch = new JobWatch({
      ...{job, link},
      heard: (letter) => this.#heard(letter),
      stands: () => line.look(),
      ended: (end, result) => void this.#ended(end, result),
      trouble: (why) => {
        this.#trouble = why;
      },
    });
    void this.#attach().catch((error: unknown) => {
      if (!this.#watch.signal.aborted) this.#ends(unreadableEnd(messageOf(error), this.#product));
    });
  }

  get end(): Promise<RunEnd> {
    return this.#end.promise;
  }

  get waiting(): Waiting | undefined {
    return this.#options.line.waiting(this.#options.job);
  }

  get trouble(): string | undefined {
    return this.#trouble ?? this.#options.line.trouble(this.#options.job);
  }

  async snapshot(): Promise<Snapshot> {
    const product = this.#result?.product ?? this.#product;
    return {product, isAnswered: this.#result?.outcome === 'completed'};
  }

  async reply(id: string, reply: AskReply): Promise<void> {
    await this.#calls.reply(id, reply);
  }

  async tell(words: MessageText): Promise<Delivery | undefined> {
    if (this.#isEnded) return undefined;
    const {number, text} = words;
    const letter = (call: string): FromOwner => ({v, is: 'tell', call, message: {number, text}});
    if (!this.#isTaken) {
      // The worker that begins it reads its letters first.
      await this.#post(letter(randomUUID()));
      return 'beginning';
    }
    const {delivery, error} = await this.#calls.call(letter);
    if (error !== undefined) throw new Error(error);
    return delivery;
  }

  conversation(): readonly ConversationEntry[] {
    const now = Date.now();
    if (this.#isTaken && !this.#isEnded && now - this.#askedAt >= CONVERSATION_MS) {
      this.#askedAt = now;
      void this.#post({v, is: 'show conversation'}).catch(() => {});
    }
    return [...this.#entries.values()];
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async halt(): Promise<Snapshot> {
    await this.stop();
    return this.snapshot();
  }

  async letGo(): Promise<void> {
    this.#options.line.leave(this.#options.job);
    await this.#watch.close();
  }

  async #attach(): Promise<void> {
    await this.#options.handOver(this.#watch.signal, (why) => {
      this.#trouble = why;
    });
    this.#handedOver.resolve();
    await this.#watch.begin();
  }

  async #ended(end: RunEnd | 'unknown', result?: JobResult): Promise<void> {
    if (end === 'unknown') return this.#ends(unreadableEnd('the pool has forgotten it', this.#product));
    this.#result = result;
    if (result?.by !== undefined) this.#taken(result.by);
    if (result?.sessionId !== undefined) await this.#session(result.sessionId);
    const {conversation: entries = [...this.#entries.values()]} = result ?? {};
    await this.#options.keep(entries);
    this.#ends(end);
  }

  #heard(letter: FromWorker): void {
    const {observer, sendWhole} = this.#options;
    switch (letter.is) {
      case 'taken':
        this.#taken(letter.by);
        break;
      case 'session':
        void this.#session(letter.id);
        break;
      case 'activity':
        observer.activity(letter.activity);
        break;
      case 'asked':
        observer.asked(letter.id, letter.content);
        break;
      case 'withdrawn':
        observer.withdrawn(letter.id);
        break;
      case 'heard':
        observer.heard(letter.numbers);
        break;
      case 'done':
        this.#calls.answered(letter.call, letter);
        break;
      case 'cannot fetch':
        sendWhole(this.#watch.signal);
        break;
      case 'conversation':
        for (const entry of letter.entries) this.#entries.set(entry.key, entry);
        break;
      case 'checkpoint':
        this.#product = letter.product;
        break;
      case 'late':
        // It is read again with the end.
        break;
    }
  }

  #taken(by: Parameters<NonNullable<RunObserver['taken']>>[0]): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#options.line.begun(this.#options.job);
    this.#options.observer.taken?.(by);
  }

  async #session(id: string): Promise<void> {
    if (this.#hasSession) return;
    this.#hasSession = true;
    await this.#options.observer.sessionOpened(id);
  }

  #ends(end: RunEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#calls.close();
    this.#end.resolve(end);
    // Not from inside of a notice of it.
    setImmediate(() => void this.letGo());
  }

  async #stop(): Promise<void> {
    if (this.#isEnded) return;
    const {job, link} = this.#options;
    const stopping = link
      .access()
      .then(async ({queue}) => {
        if (await queue.withdraw(job)) return this.#ends(unreadableEnd('it was withdrawn', this.#product));
        await this.#post({v, is: 'cancel'});
        await this.end;
      })
      .catch((error: unknown) => {
        link.log.warn(`${job} could not be stopped in the pool: ${messageOf(error)}. It is told so later.`);
      });
    await withTimeout(STOP_MS, stopping, undefined);
    if (!this.#isEnded) await this.letGo();
  }

  async #post(letter: FromOwner): Promise<void> {
    await Promise.race([this.#handedOver.promise, this.end]);
    await (await this.#options.link.mailOf(this.#options.job)).toWorker(letter);
  }
}
