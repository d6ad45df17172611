import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {asksOf} from '../../delegation/model/delegation.ts';
import {parseId} from '../../delegation/model/id.ts';
import {toastOf} from '../../report/notice.ts';
import {type Expected, SessionNotices} from '../../store/notices/session-notices.ts';
import type {AnswerMeta} from '../caller/answer-meta.ts';
import type {UserOpenCode, Voice} from '../opencode/user-opencode.ts';
import type {FolderWatch} from '../records/folder-watch.ts';
import type {Records} from '../records/records.ts';
import {
  type SessionDelegation,
  type SessionDelegations,
  sessionDelegationsOf,
} from '../records/session-delegations.ts';
import {SessionWatch} from '../records/session-watch.ts';
import {EndNotices} from './end-notices.ts';
import {type Attach, Messenger} from './messenger.ts';
import {Requests} from './requests.ts';

/** Between attempts at telling what could not be told; the last is for all further ones. */
const RETRY_MS = [500, 2_000, 10_000, 60_000];

export interface ParentSessionOptions {
  readonly id: string;
  /** Where it works. */
  readonly directory: string;
  readonly opencode: UserOpenCode;
  readonly records: Records;
  readonly watch: FolderWatch;
  readonly log: Logger;
}

/** One session of this process that has delegated, and what it is told of its delegations. */
export class ParentSession {
  readonly #options: ParentSessionOptions;
  readonly #notices: SessionNotices;
  readonly #ends: EndNotices;
  readonly #messenger: Messenger;
  readonly #requests: Requests;
  readonly #watch: SessionWatch;
  /** Those that the model is reading at the moment, by the call that reads them: the answer tells their end. */
  readonly #reading = new Map<string, string>();
  /** Those that it is being told of, on their own or with a message of the person's. */
  readonly #beingTold = new Set<string>();
  #telling: Promise<void> | undefined;
  #isDue = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: ParentSessionOptions) {
    this.#options = options;
    this.#notices = new SessionNotices(options.records.root, options.id);
    this.#ends = new EndNotices({...options, notices: this.#notices});
    this.#messenger = new Messenger(options);
    const parts = {...options, notices: this.#notices, messenger: this.#messenger};
    this.#requests = new Requests(parts);
    this.#watch = new SessionWatch({...parts, root: options.records.root, recheck: () => this.tell()});
  }

  /** True when it waits for nothing. Resolves when what there was to tell, and came up meanwhile, is told or could not be. */
  async isAtRest(): Promise<boolean> {
    let expected: readonly Expected[];
    do {
      await this.#telling;
      expected = await this.#notices.expected();
    } while (this.#telling !== undefined);
    return this.#failures + expected.length + this.#reading.size + this.#beingTold.size === 0;
  }

  /** The model is about to delegate. From now on this process tells. */
  async delegating(): Promise<void> {
    await this.#notices.open();
    await this.#notices.hold();
    this.#watch.toNotices();
  }

  /** The model is about to read a delegation. */
  reading(callId: string, given: unknown): void {
    const id = typeof given === 'string' ? parseId(given) : undefined;
    if (id !== undefined) this.#reading.set(callId, id);
  }

  /** A call of our tools has been answered. What that has told the model need not be told again. */
  async answered(callId: string, {told, shown}: AnswerMeta): Promise<void> {
    const expected = await this.#notices.expected();
    const ended = expected.find(({id}) => id === told);
    if (ended !== undefined && ended.told === undefined) await this.#notices.confirm(ended, 'by reading');
    const blocked = expected.find(({id}) => id === shown?.id);
    if (blocked !== undefined) await this.#requests.seen(blocked, shown?.request ?? 0);
    this.#reading.delete(callId);
    this.tell();
  }

  /**
   * The person says something here. From now on this process tells, and what is to be told goes with the
   * message, which OpenCode stores when this has resolved.
   */
  async spokenTo(voice: Voice | undefined, attach: Attach): Promise<void> {
    this.#messenger.heard(voice);
    const {unread, untold, running} = await this.delegations();
    if (unread.length + untold.length + running.length === 0) return;
    await this.#notices.hold();
    const due = this.#take(untold);
    let told = Promise.resolve();
    try {
      const items = await this.#claim(due);
      if (items.length === 0) return;
      const notice = await this.#ends.compose(items, {running, unread: []});
      told = this.#messenger.attach(notice.text, attach).then(() => this.#ends.delivered(notice, 'awake'));
      this.#toast(items);
    } finally {
      told.catch((error: unknown) => this.#failed(error)).finally(() => this.#release(due));
    }
  }

  /** The model answers that message of the session. */
  answering(message: string): void {
    this.#messenger.answered(message);
  }

  /** A part of ours is in the transcript. */
  stored(key: string): void {
    this.#messenger.stored(key);
  }

  /** The session's turn is over. */
  idle(): void {
    // A call that was cut off gets no answer.
    this.#reading.clear();
    this.tell();
  }

  /** How the session's delegations stand. What changes about them is heard of from now on. */
  async delegations(): Promise<SessionDelegations> {
    const {id, records} = this.#options;
    const expected = await this.#notices.expected();
    this.#watch.to(expected);
    return sessionDelegationsOf(id, {notices: this.#notices, records});
  }

  /** Tells what there is to tell, soon. */
  tell(): void {
    this.#isDue = true;
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined;
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#watch.close();
  }

  async #tellAll(): Promise<void> {
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      try {
        await this.#tellOnce();
        this.#failures = 0;
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  async #tellOnce(): Promise<void> {
    const {opencode, id} = this.#options;
    const delegations = await this.delegations();
    const blocked = this.#unread(delegations.running).filter(({head}) => asksOf(head).length > 0);
    if (delegations.untold.length + blocked.length === 0 || !(await this.#notices.isHeld())) return;
    await this.#requests.tell(blocked, delegations.running.length);
    if (delegations.untold.length === 0) return;
    // A message into a running turn makes for another turn, so what is to be silent waits for the end of this one.
    if (delegations.running.length > 0 && (await opencode.isBusy(id))) return;
    const due = this.#take(delegations.untold);
    try {
      const items = await this.#claim(due);
      if (items.length > 0) await this.#say(items, delegations);
    } finally {
      this.#release(due);
    }
  }

  /** The last that ends wakes the model, and names those that were told silently before it. */
  async #say(items: readonly SessionDelegation[], delegations: SessionDelegations): Promise<void> {
    const isLast = delegations.running.length === 0;
    const silent = delegations.unread.filter(({expected}) => expected.told === 'silently');
    const notice = await this.#ends.compose(items, {
      running: delegations.running,
      unread: isLast ? silent : [],
    });
    if (isLast) {
      await this.#messenger.wake(notice.text);
      await this.#ends.delivered(notice, 'awake');
      await this.#ends.confirm(silent, 'awake');
    } else {
      await this.#messenger.say(notice.text);
      await this.#ends.delivered(notice, 'silently');
    }
    this.#toast(items);
  }

  /** Those that the model is not being told already; from now on it is, until they are released. */
  #take(items: readonly SessionDelegation[]): readonly SessionDelegation[] {
    const due = this.#unread(items).filter(({expected: {id}}) => !this.#beingTold.has(id));
    for (const {expected} of due) this.#beingTold.add(expected.id);
    return due;
  }

  /** Those that the model is not reading at the moment. */
  #unread(items: readonly SessionDelegation[]): readonly SessionDelegation[] {
    const reading = [...this.#reading.values()];
    return items.filter(({expected}) => !reading.includes(expected.id));
  }

  #release(items: readonly SessionDelegation[]): void {
    for (const {expected} of items) this.#beingTold.delete(expected.id);
  }

  /** Those that only this process tells, without those that an earlier attempt has told after all. */
  async #claim(items: readonly SessionDelegation[]): Promise<readonly SessionDelegation[]> {
    const claimed: SessionDelegation[] = [];
    for (const item of items) {
      const claim = await this.#notices.claim(item.expected);
      if (claim === undefined) continue;
      if (claim.isFirst || !(await this.#ends.wasTold(item))) claimed.push(item);
    }
    return claimed;
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    const {id, log} = this.#options;
    const ms = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 0;
    this.#failures += 1;
    log.warn(
      `session ${id} could not be told of its delegations, next attempt in ${ms / 1_000} s: ${messageOf(error)}`,
    );
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.tell(), ms);
    this.#retry.unref();
  }

  #toast(items: readonly SessionDelegation[]): void {
    this.#messenger.toast(toastOf(items.map(({head}) => head)));
  }
}
