import type {ModelName} from '../../settings/model-names.ts';
import type {AskPolicy} from './ask.ts';
import type {Catalog} from './catalog.ts';
import type {Ceilings} from './ceiling.ts';
import type {Delegation, DelegationHead, Named} from './delegation.ts';
import type {Whereabouts} from './elsewhere.ts';
import type {Headline} from './headline.ts';
import type {Listing} from './listing.ts';
import type {Runner} from './run.ts';
import type {Trust} from './trust.ts';
import type {Worktrees} from './worktree.ts';

/** What the environment and the settings of a client decide: what runs its delegations, and how. */
export interface Environment {
  /** Stands for all that is in it, and tells nothing of it. */
  readonly key: string;
  /** Where OpenCode keeps the sessions in it. */
  readonly sessions: string;
  readonly catalog: Catalog;
  readonly runner: Runner;
  readonly worktrees: Worktrees;
  readonly headlines: HeadlineWriter;
  readonly trust: Trust;
  /** What each delegation may use at most, and what all of a day may cost in US dollars. */
  readonly ceilings: Ceilings & {readonly dailyCostUsd?: number | undefined};
  /** The names that models can be asked for by. */
  readonly modelNames: readonly ModelName[];
  /** What becomes of permission requests and questions. */
  readonly asking: AskPolicy;
  /** Whether those that can write in the same directory run one after the other. */
  readonly serialWriters: boolean;
  /** Whether nothing can be written in it but worktrees. */
  readonly isConfined: boolean;
  /** Where its delegations run, where that is not here: somebody there keeps their limits and their places in line. */
  readonly where?: Exclude<Whereabouts, 'here'>;
  /** What the client can delegate to besides, and whether it does where a call does not say. */
  readonly pool?: {readonly environment: Environment; readonly isDefault: boolean};
}

/** The environments that clients have come from. */
export interface Environments {
  /** `undefined` when no client of this process has brought it. */
  find(key: string): Environment | undefined;
  /** All, the one that was used last first. */
  readonly all: readonly Environment[];
}

/** Writes a better title and summary than the first lines of prompt and answer. */
export interface HeadlineWriter {
  /** Resolves to `undefined` where no small model is configured or it did not help. Never rejects. */
  write(delegation: Delegation): Promise<Headline | undefined>;
}

/** Where records live. */
export interface Store {
  /**
   * Stores a new record. When it resolves, the record survives a crash of every process; a power cut of the next moments
   * may take it.
   * @returns false, having changed nothing, when the project has a record of that id already.
   * @throws when it cannot be written.
   */
  create(delegation: Delegation): Promise<boolean>;
  /**
   * Replaces a record whole; when it resolves, the record survives a crash and a power cut.
   * @throws when it cannot be written; the record is then as it was.
   */
  write(delegation: Delegation): Promise<void>;
  /** True for a record of the project, also where an earlier version has put it under another name. */
  has(project: string, head: Pick<DelegationHead, 'project' | 'directory'>): boolean;
  /** The record, or `undefined` when there is none that can be understood. */
  read(project: string, id: string): Promise<Delegation | undefined>;
  /**
   * Every record of the project that can be understood. For as long as nothing changes, it is the same listing.
   */
  list(project: string): Promise<Listing>;
  /**
   * As {@link list}, save that nobody waits while the records of a project with many of them are looked at for the
   * first time: then it is `undefined`, and that is begun.
   */
  peek(project: string): Promise<Listing | undefined>;
  /**
   * The records that have no end, those of one project at a time. What a project has of them may be told in two
   * parts, and takes a while to find out where an earlier version has written them: nobody should wait for all.
   */
  unfinished(): AsyncIterable<readonly DelegationHead[]>;
  /**
   * Runs the action unless another living process is doing so for the same record at this moment, in which
   * case it resolves to `undefined` at once.
   */
  exclusively<T>(project: string, id: string, action: () => Promise<T>): Promise<T | undefined>;
  /**
   * Leaves word for the process that runs it, wherever that is, to cancel it.
   * @throws when it cannot be written.
   */
  askToCancel(named: Named): Promise<void>;
  /** Every delegation that somebody has left such word for. */
  cancels(): Promise<readonly Named[]>;
  /** The word is taken, or no longer needed. Idempotent. */
  dropCancel(named: Named): Promise<void>;
  /** Every delegation that somebody has left word for that its whole result was read. */
  reads(): Promise<readonly Named[]>;
  /** As {@link dropCancel}. */
  dropRead(named: Named): Promise<void>;
  /**
   * Sessions that were told of its end are told again.
   * @throws when it cannot be noted.
   */
  tellAgain(head: DelegationHead): Promise<void>;
  /**
   * What delegations of all projects have cost that have ended since then, and by now those that have no end, in US
   * dollars. Those that are known better are left out.
   */
  spentSince(at: number, isKnownBetter: (named: Named) => boolean): Promise<number>;
  /** Where a person finds the record. */
  artifact(project: string, id: string): string;
}
