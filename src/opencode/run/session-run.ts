import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {AskContent} from '../../delegation/model/ask.ts';
import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import type {Delivery, MessageText} from '../../delegation/model/message.ts';
import type {AskReply, Run, RunObserver, RunRequest, Snapshot} from '../../delegation/model/run.ts';
import type {Conceal} from '../secrets/concealed.ts';
import type {SessionListener} from '../server/connection.ts';
import type {Entrance} from '../server/entrance.ts';
import type {OpenCode} from '../server/opencode.ts';
import type {HeldSessions} from '../session/held-sessions.ts';
import {leaveWorktree} from '../session/in-worktree.ts';
import {type OpenSession, openSession} from '../session/open-session.ts';
import {SessionWork} from '../session/session-work.ts';
import type {Turn} from '../transcript/turn.ts';
import {RunWatch} from '../watchdogs/run-watch.ts';
import type {RunawayLimits} from '../watchdogs/runaway.ts';
import type {OpenCodeEvent} from '../wire/events.ts';
import {Ending, type RunOutcome} from './ending.ts';
import {Following} from './following.ts';
import {ABORT_GRACE_MS, abortSession, Snapshots} from './session-stop.ts';
import {Telling} from './telling.ts';
import {TurnEnd} from './turn-end.ts';

export interface SessionRunOptions {
  /** Where it runs. */
  readonly server: OpenCode;
  readonly entrance: Entrance;
  /** Who is asked what became of it when that server is gone. */
  readonly lookUp: OpenCode;
  readonly log: Logger;
  /** Those that runs have not let go of. */
  readonly sessions: HeldSessions;
  readonly request: RunRequest;
  readonly observer: RunObserver;
  readonly limits: RunawayLimits;
  readonly conceal: Conceal;
  /** Names of the MCP tools that a read-only session keeps. */
  readonly readOnlyTools: readonly string[];
}

/** One delegation's session: opened, prompted, heard until its end, and stopped. */
export class SessionRun implements Run, SessionListener {
  readonly directory: string;
  readonly #options: SessionRunOptions;
  readonly #log: Logger;
  readonly #request: RunRequest;
  readonly #observer: RunObserver;
  readonly #own: Turn;
  readonly #work: SessionWork;
  readonly #watch: RunWatch;
  readonly #snapshots: Snapshots;
  readonly #begun: Promise<void>;
  readonly #telling: Telling;
  readonly #following: Following;
  readonly #ending: Ending;
  readonly #stopped = new AbortController();
  #stopping: Promise<void> | undefined;
  #judging: Promise<void> | undefined;
  #session: OpenSession | undefined;
  #turn: TurnEnd | undefined;
  #unlisten: (() => void) | undefined;
  #release: (() => void) | undefined;
  readonly #letGo: () => void;
  readonly #failed = (error: unknown) => this.#ending.failed(messageOf(error));

  constructor(options: SessionRunOptions) {
    const {log, request, observer, limits, conceal} = options;
    this.#options = options;
    this.#letGo = options.server.hold();
    this.#log = log;
    this.#request = request;
    this.#observer = observer;
    this.directory = request.directory;
    this.#own = {delegationId: request.delegationId, isContinued: request.continues !== undefined};
    this.#work = new SessionWork({directory: request.directory, turn: this.#own, log, conceal});
    this.#snapshots = new Snapshots({turn: this.#own, work: this.#work, warn: (what) => this.#warn(what)});
    this.#watch = new RunWatch({
      ...{request, observer, limits, log},
      onRefused: (why) => this.#ending.refused(why),
      onHopeless: (why) => this.#ending.failed(why),
      onLoop: (id, why) => this.#loops(id, why),
    });
    this.#telling = new Telling({
      ...{work: this.#work, messages: request.messages ?? [], isRepair: request.isRepair ?? false},
      isOver: () => this.#isOver,
      onHeard: (numbers) => observer.heard(numbers),
      onTold: (id) => this.#watch.told(id),
    });
    this.#following = new Following({turn: this.#own, work: this.#work, watch: this.#watch, log});
    this.#ending = new Ending({
      ...{...options, turn: this.#own, work: this.#work},
      isStopping: () => this.#stopping !== undefined,
      onEnd: () => this.#ended(),
    });
    this.#begun = this.#begin().catch(this.#failed);
  }

  get end(): Promise<RunOutcome> {
    return this.#ending.end;
  }

  get trouble(): string | undefined {
    return this.#watch.sentence;
  }

  event(event: OpenCodeEvent, isOwn: boolean): void {
    this.#following.event(event, isOwn);
    if (!isOwn) return;
    this.#telling.event(event);
    this.#turn?.event(event);
  }

  gap(): void {
    this.#work.gap();
    this.#turn?.read();
    void this.#following.catchUp();
  }

  asked(id: string, content: AskContent): void {
    this.#observer.asked(id, content);
  }

  withdrawn(id: string): void {
    this.#observer.withdrawn(id);
  }

  async reply(id: string, reply: AskReply): Promise<void> {
    if (this.#session === undefined) throw new Error('it is no longer asked');
    await this.#session.connection.reply(id, reply);
  }

  tell(words: MessageText): Promise<Delivery | undefined> {
    return this.#telling.tell(words);
  }

  died(): void {
    if (this.#ending.isThere) return;
    this.#turn?.close();
    this.#ending.lost({
      sessionId: this.#session?.id ?? this.#request.continues,
      signal: this.#stopped.signal,
      onNotKnown: (why) => this.#watch.say(`its server ended, and nothing is known yet. ${why}`),
    });
  }

  get isNotKnown(): boolean {
    if (this.#ending.isOwn || this.#session === undefined) return false;
    return this.#snapshots.isUnread || !this.#session.connection.isAlive;
  }

  conversation(): readonly ConversationEntry[] {
    return this.#work.conversation();
  }

  snapshot(): Promise<Snapshot> {
    return this.#snapshots.take(this.#session);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async halt(): Promise<Snapshot> {
    this.#snapshots.keepLast();
    await this.stop();
    return this.snapshot();
  }

  async #begin(): Promise<void> {
    // Anyone who delegated gets the answer first: opening the session takes the same processor.
    await new Promise((resolve) => setImmediate(resolve));
    const session = await openSession({
      ...this.#options,
      isStopped: () => this.#stopping !== undefined,
    });
    if (session === undefined) return;
    const {connection, id} = session;
    const turn = new TurnEnd({
      ...{session, turn: this.#own, log: this.#log},
      heard: () => this.#work.heard(),
      awaits: (transcript) => this.#telling.awaits(transcript),
      onStatus: (status) => this.#watch.status(id, status),
      onLook: () => this.#following.look(),
      onEnd: (verdict, transcript) => {
        this.#judging = this.#ending.judged(session, verdict, transcript).catch(this.#failed);
      },
    });
    this.#session = session;
    this.#following.opened(session);
    this.#turn = turn;
    this.#watch.opened(session);
    this.#release = this.#options.sessions.hold(id);
    this.#unlisten = connection.listen(id, this);
    // What it has used before its answer is repaired counts for its limits.
    if (this.#request.isRepair) await this.#following.catchUp();
    await this.#observer.sessionOpened(id);
    // A stop may have come while the session was opened: then the model is never asked.
    if (this.#isOver) return;
    const warn = (what: string) => this.#warn(what);
    await this.#telling.begin({sending: {session, request: this.#request, warn}, turn});
    turn.prompted();
    this.#watch.prompted();
  }

  get #isOver(): boolean {
    return this.#ending.isThere || this.#stopping !== undefined;
  }

  #loops(sessionId: string, why: string): void {
    if (sessionId === this.#session?.id) void this.#turn?.goesNowhere(why);
    else this.#ending.failed(`In the session below it, ${sessionId}, ${why}`);
  }

  #ended(): void {
    this.#turn?.close();
    this.#watch.close();
    this.#telling.close();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    // A server that hangs may go on one day: then there is still something to stop.
    const abort = () => abortSession(this.#session, this.#turn, (what) => this.#warn(what));
    if ((await withTimeout(ABORT_GRACE_MS, this.#begun, 'late')) === 'late') void this.#begun.then(abort);
    await abort();
    this.#turn?.close();
    this.#unlisten?.();
    await this.#snapshots.close(this.#session);
    // Anyone who asked about a worktree that was left would have OpenCode load what its agent has put there.
    if ((await withTimeout(ABORT_GRACE_MS, Promise.resolve(this.#judging), 'late')) !== 'late') {
      await leaveWorktree(this.#session?.connection, this.#request, (what) => this.#warn(what));
    }
    this.#ending.failed('It was stopped.');
    this.#release?.();
    this.#letGo();
  }

  #warn(what: string): void {
    this.#log.warn(`${this.#request.delegationId}: ${what}`);
  }
}
