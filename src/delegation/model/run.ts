import type {Access} from './access.ts';
import type {AskContent} from './ask.ts';
import type {Limit} from './ceiling.ts';
import type {ConversationEntry} from './conversation.ts';
import {NO_STATS, type RunStats, type Usage} from './delegation.ts';
import type {HandedOver, TakenOn} from './elsewhere.ts';
import type {Delivery, MessageText} from './message.ts';
import type {EnteredPlace} from './trust.ts';
import type {Waiting} from './waiting.ts';

/** What a running delegation is doing. */
export interface Activity {
  /** Completed or started tool calls so far. */
  readonly toolCalls: number;
  /** What happened last, in words a person can read; empty before anything did. */
  readonly last: string;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** What its finished steps have used; absent before anything is known of it. */
  readonly usage?: Usage;
  /** True where the last step has ended the turn, so that an end is about to come by itself. */
  readonly isClosing?: boolean;
}

export interface RunRequest {
  readonly delegationId: string;
  /** Where the agent works: of a worktree, the folder in it that answers to the delegation's directory. */
  readonly directory: string;
  readonly access: Access;
  /** The digest of the code that may run there. */
  readonly trusted?: string;
  /** The user's own checkout, which an agent in a worktree of it is kept from. */
  readonly checkout?: string;
  readonly agent: string;
  readonly model: string;
  readonly prompt: string;
  /** What it was told before it began, which goes with the prompt. */
  readonly messages?: readonly MessageText[];
  /** What its agent is told besides. */
  readonly besides?: string;
  /** True where it goes on with its own work, to repair its answer. */
  readonly isRepair?: boolean;
  readonly title: string;
  /** The session below which the delegation's is opened. */
  readonly parentSession?: string;
  /** The session to go on in; absent for a new one. */
  readonly continues?: string;
  /** When the delegation runs out of time, in milliseconds since the epoch. */
  readonly deadline: number;
  /** True where another model is there to be taken when this one is refused before anything was done. */
  readonly givesWay?: boolean;
  /** Present where it runs elsewhere: its limits are kept there, and the deadline is none. */
  readonly handedOver?: HandedOver;
}

export interface RunObserver {
  /** The session exists; the runner waits for this before it sends anything to it. */
  sessionOpened(sessionId: string): Promise<void>;
  activity(activity: Activity): void;
  /** The agent waits for a permission or an answer, until {@link Run.reply} or the end. The id is the runner's. */
  asked(id: string, content: AskContent): void;
  /** What was asked under this id is no longer waited for. */
  withdrawn(id: string): void;
  /** Its agent was given these messages. May tell of one more than once. */
  heard(numbers: readonly number[]): void;
  /**
   * The provider of that model has had too many requests, and may be asked again at that time, in milliseconds
   * since the epoch. The model is the delegation's own, or that of an agent below it.
   */
  rateLimited(model: string, until: number): void;
  /** Somebody elsewhere has begun it. Before this, it waits there; told before all else. May be told more than once. */
  taken?(by: TakenOn): void;
}

/** An answer to what an agent has asked: for questions, one list of chosen or written answers for each. */
export type AskReply =
  | {readonly allow: true; readonly answers: readonly (readonly string[])[]}
  /** The agent reads the message, and goes on. */
  | {readonly allow: false; readonly message: string};

/** What an agent produced up to some moment. */
export interface Product {
  readonly text: string;
  readonly work: RunStats;
  /** The numbers of the messages that its agent was given; absent where there are none. */
  readonly heard?: readonly number[];
  /** True when its agent was asked to repair its answer. */
  readonly isRepaired?: boolean;
}

/** Of what has never run, or left nothing. */
export const NO_PRODUCT: Product = {text: '', work: NO_STATS};

/** How a run came to its end by itself. */
export type RunEnd =
  | {readonly outcome: 'completed'; readonly product: Product}
  | {readonly outcome: 'error' | 'interrupted'; readonly product: Product; readonly error: string}
  /** Of one that ran elsewhere, where its limits were kept. */
  | {
      readonly outcome: 'error' | 'timeout' | 'cancelled';
      readonly product: Product;
      readonly error: string;
      readonly atLimit?: Limit;
    };

/** The run ended before anything was sent to the model: it can be begun again, and nothing is done twice. */
export interface NothingSent {
  readonly outcome: 'nothing sent';
  /** What happened, as a sentence. */
  readonly why: string;
}

/** The provider has refused the model before the agent had done anything: another model can be taken. */
export interface ModelRefused {
  readonly outcome: 'refused';
  /** As a sentence. */
  readonly why: string;
}

/**
 * Nothing is known of how a run ended, as OpenCode could not be asked: never an end, as what it has stored may hold
 * the whole answer. It is to be asked again.
 */
export interface NotKnown {
  readonly outcome: 'not known';
  /** Why, as a sentence. */
  readonly why: string;
}

/** What there is of a run before its end is told. */
export interface Snapshot {
  readonly product: Product;
  /** True when the agent has answered, and the product has the answer. */
  readonly isAnswered: boolean;
  /** True when its agent went on after that answer, and came to no end. */
  readonly isGoingOn?: boolean;
}

/** One delegation at work. */
export interface Run {
  /**
   * Settles when the agent has answered, has failed for good, or the server died under it. Never rejects.
   * The session may still be winding down; `stop` waits for that.
   */
  readonly end: Promise<RunEnd | NothingSent | ModelRefused>;
  /** All that the agent has produced by now. Takes a second or two at the most and never rejects. */
  snapshot(): Promise<Snapshot>;
  /**
   * Answers what the agent has asked under this id, this once.
   * @throws when the answer could not be delivered.
   */
  reply(id: string, reply: AskReply): Promise<void>;
  /**
   * Tells the agent something. Resolves with when it gets that, once it is sure to, unless the run is stopped before;
   * with `undefined` when it is too late.
   * @throws when OpenCode does not take it.
   */
  tell(words: MessageText): Promise<Delivery | undefined>;
  /** What the agent, and those below it, have said and done so far, oldest first. */
  conversation(): readonly ConversationEntry[];
  /** Of what runs elsewhere: why nobody there has begun it. */
  readonly waiting?: Waiting | undefined;
  /** What keeps it from getting on at the moment, as a sentence: the provider's words while it refuses. */
  readonly trouble: string | undefined;
  /** True while what its server has stored could not be asked for, so that nobody knows what became of it. */
  readonly isNotKnown: boolean;
  /**
   * Makes sure that nothing works any more. Resolves when it has stopped, or after a grace; never rejects. What it has
   * left is not looked at from then on.
   */
  stop(): Promise<void>;
  /** As {@link stop}, and resolves with all that the agent had produced when it had stopped. */
  halt(): Promise<Snapshot>;
  /** Of what runs elsewhere: leaves it there, to be started once more by the next process, which takes hold of it. */
  letGo?(): Promise<void>;
}

/** A run whose process is gone. */
export interface LostRun {
  /** With the id, what those are found by that run elsewhere. */
  readonly project?: string;
  readonly delegationId: string;
  readonly directory: string;
  /** Absent when the process died before it could note it. */
  readonly sessionId: string | undefined;
  /** True when it went on in a session that had messages already. */
  readonly isContinued: boolean;
  /** What happened, as a sentence. */
  readonly cause: string;
}

export interface Runner {
  /**
   * Begins at once; every failure, also that of the start, comes through `end`. So does that something else would run in
   * the directory than what was allowed: it is looked at right before OpenCode is.
   */
  start(request: RunRequest, observer: RunObserver): Run;
  /**
   * Finds out how a run ended whose process is gone, from what OpenCode has stored. Nothing of a directory runs by it,
   * for whatever is there now. Never rejects.
   */
  postMortem(lost: LostRun): Promise<RunEnd | NothingSent | NotKnown>;
  /**
   * True while OpenCode has the session that works in a place, so that a run can go on in it.
   * @throws Refusal when OpenCode cannot be started, or may not look there.
   */
  hasSession(sessionId: string, place: EnteredPlace): Promise<boolean>;
}
