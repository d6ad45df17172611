import {messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import {digestOf} from '../../environment/digest.ts';
import {Mail} from '../mail/mail.ts';
import type {PoolQueue} from '../queue/queue.ts';
import {reached} from '../queue/reached.ts';
import type {GroupKey} from '../seal/group-key.ts';
import type {OwnerKey} from '../seal/owner-key.ts';
import type {Taker} from './taking.ts';

/** Anyone who asks for something at this moment is not kept waiting for longer by a database that does not answer. */
const PATIENCE_MS = 10_000;

/** All that it takes to use a pool. */
export interface PoolAccess {
  readonly queue: PoolQueue;
  readonly group: GroupKey;
  /** That of the person. */
  readonly owner: OwnerKey;
}

export interface PoolLinkOptions {
  /** Reads the keys and connects. @throws Refusal where that cannot be, with what to do. */
  readonly open: () => Promise<PoolAccess>;
  /** Stands for this data folder on this machine: ids of other machines' jobs are others. */
  readonly machine: string;
  /** The machine's name, for people. */
  readonly host: string;
  readonly log: Logger;
}

/** This machine's way to the pool: opened when it is first needed. */
export class PoolLink {
  readonly #options: PoolLinkOptions;
  #opening: Promise<PoolAccess> | undefined;

  constructor(options: PoolLinkOptions) {
    this.#options = options;
  }

  get log(): Logger {
    return this.#options.log;
  }

  /** This machine, as one of the owner's. */
  get self(): Taker {
    const {machine: by, host} = this.#options;
    return {by, host};
  }

  /** The job of a delegation: the same for whoever asks on this machine. */
  jobOf({project, id}: {readonly project: string; readonly id: string}): string {
    return `${id}@${digestOf([this.#options.machine, project])}`;
  }

  /** @throws Refusal where there is no way to it at the moment. */
  async access(): Promise<PoolAccess> {
    this.#opening ??= this.#options.open();
    const opening = this.#opening;
    // What failed is tried again by the next one who asks.
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  /** As {@link access}, and the database has answered. @throws Refusal when it does not in time. */
  async reached(): Promise<PoolAccess> {
    const late = new Error(`it has not answered in ${PATIENCE_MS / 1_000} s`);
    const asked = this.access().then(async (access) => {
      await access.queue.now();
      return access;
    });
    const got = await withTimeout(PATIENCE_MS, asked, late).catch((error: unknown) => error);
    if (!(got instanceof Error) && got !== undefined) return got as PoolAccess;
    if (got instanceof Refusal) throw got;
    throw new Refusal(
      `The pool of OPENCODE_DELEGATE_POOL cannot be reached: ${messageOf(got)}. Nothing was started. Try again later, or give where "here".`,
    );
  }

  /**
   * Does something with the pool, and once more for as long as it cannot be reached.
   * @throws what the action does for other reasons; the signal's reason when it aborts.
   */
  async persist<T>(
    action: (access: PoolAccess) => Promise<T>,
    {signal, trouble}: {signal: AbortSignal; trouble?: (why: string | undefined) => void},
  ): Promise<T> {
    signal.throwIfAborted();
    const done = async (): Promise<T> => action(await this.access());
    const result = await reached(done, signal, (error) =>
      trouble?.(`The pool cannot be used at the moment: ${messageOf(error)}`),
    );
    trouble?.(undefined);
    return result;
  }

  async mailOf(job: string): Promise<Mail> {
    return new Mail(job, await this.access());
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const access = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await access?.queue.close();
  }
}
