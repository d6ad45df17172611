import type {ProcessIdentity} from '../../process/identity.ts';
import type {Access} from './access.ts';
import type {Ask, Decision} from './ask.ts';
import type {Ceilings, Limit} from './ceiling.ts';
import type {Elsewhere} from './elsewhere.ts';
import type {SentMessage} from './message.ts';
import type {Worktree} from './worktree.ts';

/** The longest running time that a delegation may be given, in minutes. */
export const MAX_TIMEOUT_MINUTES = 24 * 60;

/**
 * How a delegation ended. `interrupted` means that the OpenCode server, or the process that owned the
 * delegation, went away under it.
 */
export const OUTCOMES = ['completed', 'error', 'cancelled', 'timeout', 'interrupted'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Every status a delegation can have, in the order of its life. */
export const STATUSES = ['registered', 'queued', 'running', ...OUTCOMES] as const;

/** Tokens as the provider counted them, and their cost in US dollars as OpenCode computed it. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cost: number;
}

/** What an agent did besides writing its answer. */
export interface RunStats {
  readonly usage: Usage;
  readonly toolCalls: number;
  /** As the agent named them, made relative to the delegation's directory where they lie inside it. */
  readonly filesChanged: readonly string[];
  /** What its agent was refused because nobody could be asked, in words a person can read. */
  readonly refused: readonly string[];
  /** What anyone who reads its answer has to know of it, as a sentence: that it is cut off, say. */
  readonly caveat?: string;
}

export const NO_USAGE: Usage = {input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0, cost: 0};

export const NO_STATS: RunStats = {
  usage: NO_USAGE,
  toolCalls: 0,
  filesChanged: [],
  refused: [],
};

interface Registered {
  readonly status: 'registered';
}

interface Queued {
  readonly status: 'queued';
  /** The session in which its agent is to repair its answer, and what it has used before; absent for all others. */
  readonly sessionId?: string;
  readonly usage?: Usage;
}

export interface Running {
  readonly status: 'running';
  /** Milliseconds since the epoch, as all times of a delegation. */
  readonly startedAt: number;
  /** Absent until OpenCode has opened the session. */
  readonly sessionId?: string;
  /** What its agent waits on, oldest first: it is *blocked* then. Absent when it waits on nothing. */
  readonly asks?: readonly Ask[];
  /** What its finished steps have used; absent before anything is known of it. */
  readonly usage?: Usage;
}

export interface Ended {
  readonly status: Outcome;
  readonly endedAt: number;
  /** Absent when it never ran. */
  readonly startedAt?: number;
  readonly sessionId?: string;
  readonly work: RunStats;
  /** Why it did not complete: a sentence that says what happened and what to do next. */
  readonly error?: string;
  /** The limit that it was ended at. */
  readonly atLimit?: Limit;
}

export type State = Registered | Queued | Running | Ended;

/** The MCP client that asked, as it names itself. */
export interface Client {
  readonly name: string;
  readonly version: string;
}

/** The process that runs a delegation, and the only one that may change its state while it lives. */
export interface Owner extends ProcessIdentity {
  /**
   * What stands for all in its environment that decides how OpenCode runs, credentials among it. What has not
   * begun is taken over only in the same environment, so that nobody's key pays for somebody else's work.
   */
  readonly environment: string;
  /**
   * Where OpenCode keeps the sessions of that environment: an OpenCode that keeps them elsewhere knows nothing of
   * this one's. Absent in records of earlier versions.
   */
  readonly sessions?: string;
}

/** A delegation that had ended, and the session that a later one goes on in. */
export interface Continues {
  readonly id: string;
  readonly sessionId: string;
}

/** The ids that OpenCode gives its sessions, with room for what it may change; safe as the name of a file. */
export const SESSION_ID = /^ses[\w-]{1,80}$/;

/** The OpenCode session that delegated, as the companion plugin tells it; other clients have none. */
export interface Parent {
  readonly session: string;
  /** The process that held the session then. */
  readonly pid: number;
  /** The message in which the model delegated. */
  readonly message?: string;
  readonly agent?: string;
  /** As `provider/model`. */
  readonly model?: string;
  readonly variant?: string;
}

/** A file that another delegation, which ran at the same time, has changed as well. */
export interface AlsoChanged {
  /** As the files changed are named. */
  readonly file: string;
  /** The other delegation's id. */
  readonly by: string;
}

/** A model that was to run and did not. */
export interface PassedOver {
  readonly model: string;
  /** As a sentence. */
  readonly why: string;
}

/** All that is known of a delegation except its long texts: what a list shows. */
export interface DelegationHead {
  /** Three words, unique in the project: `swift-amber-otter`. */
  readonly id: string;
  /** The project of the client that delegated, which need not be the one that `directory` belongs to. */
  readonly project: string;
  readonly directory: string;
  readonly access: Access;
  /** Absent where it runs here. */
  readonly where?: Elsewhere;
  readonly agent: string;
  /** As `provider/model`. */
  readonly model: string;
  /** The name that the model was asked for by. */
  readonly modelName?: string;
  /** The other models of that name that were refused before this one was taken. */
  readonly passedOver?: readonly PassedOver[];
  readonly client: Client;
  readonly owner: Owner;
  readonly parent?: Parent;
  /** True where its client holds it as a task of MCP, and hears of its end by that. */
  readonly isTask?: boolean;
  /** The digest of what its directory brings, where somebody has allowed it to run. */
  readonly trusted?: string;
  readonly timeoutMs: number;
  /** Absent where it has no limit but time. */
  readonly ceilings?: Ceilings;
  readonly createdAt: number;
  readonly title: string;
  /** One line; empty until it has ended. */
  readonly summary: string;
  readonly state: State;
  /** Of a delegation with access `worktree`. */
  readonly worktree?: Worktree;
  readonly alsoChanged?: readonly AlsoChanged[];
  /** The earlier delegation whose session it goes on in. */
  readonly continues?: Continues;
  /** What the one who delegated it was told besides, in whole sentences; absent where there was nothing. */
  readonly notes?: readonly string[];
  /** What became of its agent's permission requests and questions, in the order of the decisions. */
  readonly decisions?: readonly Decision[];
  /** When a reader had the whole result. */
  readonly readAt?: number;
}

/** What a delegation is found by. */
export type Named = Pick<DelegationHead, 'project' | 'id'>;

export interface Delegation extends DelegationHead {
  /** Verbatim. */
  readonly prompt: string;
  /** The final answer, verbatim; after any other end than `completed`, the text that existed by then. */
  readonly text: string;
  /** What it was told since, in the order in which it came; absent where that is nothing. */
  readonly messages?: readonly SentMessage[];
  /** The JSON Schema that its answer has to fit, as JSON. The text of one that completed is the value alone. */
  readonly expect?: string;
  /** Its answer did not fit, which its agent is asked to repair; its text is that answer until there is another. */
  readonly repair?: Repair;
}

/** What an agent is asked to repair, and the session that it does so in. */
interface Repair {
  readonly sessionId: string;
  /** What does not fit. */
  readonly why: string;
}

/** True when the delegation has reached one of the five ends. */
export function hasEnded(state: State): state is Ended {
  return (OUTCOMES as readonly string[]).includes(state.status);
}

/** What its agent waits on, oldest first; empty unless it is blocked. */
export function asksOf({state}: DelegationHead): readonly Ask[] {
  return state.status === 'running' ? (state.asks ?? []) : [];
}

/** True when it has ended and nobody has had its whole result yet. */
export function isUnread(head: DelegationHead): boolean {
  return hasEnded(head.state) && head.readAt === undefined;
}
