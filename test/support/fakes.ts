import {hostname} from 'node:os';
import type {Logger} from '../../src/base/log.ts';
import type {Catalog, Choice, ChoiceRequest} from '../../src/delegation/model/catalog.ts';
import type {ConversationEntry} from '../../src/delegation/model/conversation.ts';
import type {
  Delegation,
  DelegationHead,
  Ended,
  Named,
  Owner,
  RunStats,
  Usage,
} from '../../src/delegation/model/delegation.ts';
import {hasEnded, NO_STATS} from '../../src/delegation/model/delegation.ts';
import type {Headline} from '../../src/delegation/model/headline.ts';
import {type Listing, listingOf} from '../../src/delegation/model/listing.ts';
import type {Delivery, MessageText} from '../../src/delegation/model/message.ts';
import type {HeadlineWriter, Store} from '../../src/delegation/model/ports.ts';
import type {
  AskReply,
  LostRun,
  ModelRefused,
  NothingSent,
  NotKnown,
  Product,
  Run,
  RunEnd,
  Runner,
  RunObserver,
  RunRequest,
  Snapshot,
} from '../../src/delegation/model/run.ts';
import {NO_PRODUCT} from '../../src/delegation/model/run.ts';
import type {BroughtCode, Trust, WorkPlace} from '../../src/delegation/model/trust.ts';
import type {
  LeftoverWorktree,
  SettledWorktree,
  WorkInWorktree,
  Worktree,
  WorktreeOutcome,
  WorktreePlan,
  Worktrees,
} from '../../src/delegation/model/worktree.ts';
import {thisProcess} from '../../src/process/identity.ts';

/** No process can have this number: it is above every system's limit. */
export const DEAD_PID = 2_147_483_646;

export const HERE: Owner = {...thisProcess(), environment: ''};
export const GONE: Owner = {pid: DEAD_PID, hostname: hostname(), environment: ''};
export const ELSEWHERE: Owner = {pid: DEAD_PID, hostname: `not-${hostname()}`, environment: ''};

const USAGE: Usage = {input: 120, output: 45, reasoning: 7, cacheRead: 3, cacheWrite: 2, cost: 0.0123};
export const SOME_WORK: RunStats = {
  usage: USAGE,
  toolCalls: 4,
  filesChanged: ['src/a.ts'],
  refused: ['bash: rm'],
};

/** A delegation as it is at its registration, unless something else is said. */
export function aDelegation(given: Partial<Delegation> = {}): Delegation {
  return {
    id: 'swift-amber-otter',
    project: 'project',
    directory: '/somewhere',
    access: 'agent',
    agent: 'build',
    model: 'scripted/model',
    client: {name: 'vitest', version: '1.2.3'},
    owner: HERE,
    timeoutMs: 900_000,
    createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    title: 'A title',
    summary: '',
    state: {status: 'registered'},
    prompt: 'Do it.',
    text: '',
    ...given,
  };
}

/** An end that ran for a minute. */
export function anEnd(given: Partial<Ended> = {}): Ended {
  return {
    status: 'completed',
    startedAt: Date.UTC(2026, 0, 2, 3, 5),
    endedAt: Date.UTC(2026, 0, 2, 3, 6),
    sessionId: 'ses_1',
    work: SOME_WORK,
    ...given,
  };
}

/** A latch that lets everything pass until it is held. */
export class Gate {
  #opened: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  hold(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  pass(): Promise<void> {
    return this.#opened;
  }
}

/** Keeps every line, as `level message`. */
export class FakeLog implements Logger {
  readonly lines: string[] = [];

  debug(message: string): void {
    this.lines.push(`debug ${message}`);
  }

  info(message: string): void {
    this.lines.push(`info ${message}`);
  }

  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }

  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}

export class FakeCatalog implements Catalog {
  readonly requests: ChoiceRequest[] = [];
  /** The model that each name stands for. */
  readonly names = new Map<string, string>();
  /** Whether a price is known for what is chosen. */
  isPriced = true;
  /** Thrown instead of a choice. */
  refusal: Error | undefined;

  async choose(request: ChoiceRequest): Promise<Choice> {
    this.requests.push(request);
    if (this.refusal !== undefined) throw this.refusal;
    const {agent = 'build', model = 'scripted/model'} = request;
    const named = this.names.get(model);
    if (named !== undefined) return {agent, model: named, modelName: model};
    return {agent, model, ...(!this.isPriced && {isPriced: false})};
  }

  /** Why no choice holds, while it is set. */
  wrong: string | undefined;

  async check(): Promise<string | undefined> {
    return this.wrong;
  }
}

/** One run whose every step a test decides. */
export class FakeRun implements Run {
  readonly request: RunRequest;
  readonly observer: RunObserver;
  readonly end: Promise<RunEnd | NothingSent | ModelRefused>;
  /** What was asked of it, in order. */
  readonly asked: ('snapshot' | 'halt' | 'stop')[] = [];
  readonly snapshotGate = new Gate();
  readonly stopGate = new Gate();
  hasStopped = false;
  trouble: string | undefined;
  /** Every answer that was given, by the id of what it answers. */
  readonly replies: {readonly id: string; readonly reply: AskReply}[] = [];
  /** Thrown by every reply while it is set. */
  replyError: Error | undefined;
  #product: Product = {text: '', work: NO_STATS};
  #settle: (end: RunEnd | NothingSent | ModelRefused) => void = () => {};

  /** What its agent has said and done. */
  said: readonly ConversationEntry[] = [];

  constructor(request: RunRequest, observer: RunObserver) {
    this.request = request;
    this.observer = observer;
    this.end = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** The text that exists from now on. */
  produce(text: string, work: RunStats = NO_STATS): void {
    this.#product = {text, work};
  }

  complete(text: string, work: RunStats = NO_STATS): void {
    this.produce(text, work);
    this.settle({outcome: 'completed', product: this.#product});
  }

  fail(error: string, text = ''): void {
    this.produce(text);
    this.settle({outcome: 'error', product: this.#product, error});
  }

  settle(end: RunEnd | NothingSent | ModelRefused): void {
    this.#settle(end);
  }

  /** True when the text that exists is the answer, and the run has not told so yet. */
  isAnswered = false;
  /** True when its agent went on after that. */
  isGoingOn = false;
  isNotKnown = false;

  conversation(): readonly ConversationEntry[] {
    return this.said;
  }

  async snapshot(): Promise<Snapshot> {
    this.asked.push('snapshot');
    await this.snapshotGate.pass();
    return {product: this.#product, isAnswered: this.isAnswered, isGoingOn: this.isGoingOn};
  }

  /** What it was told, in order. */
  readonly told: MessageText[] = [];
  /** When its agent gets it; `undefined` when it is too late. */
  delivery: Delivery | undefined = 'step';
  /** Thrown by every message while it is set. */
  tellError: Error | undefined;

  async tell(words: MessageText): Promise<Delivery | undefined> {
    if (this.tellError !== undefined) throw this.tellError;
    this.told.push(words);
    return this.delivery;
  }

  async reply(id: string, reply: AskReply): Promise<void> {
    if (this.replyError !== undefined) throw this.replyError;
    this.replies.push({id, reply});
  }

  async stop(): Promise<void> {
    this.asked.push('stop');
    await this.stopGate.pass();
    this.hasStopped = true;
  }

  async halt(): Promise<Snapshot> {
    this.asked.push('halt');
    await this.stopGate.pass();
    this.hasStopped = true;
    return {product: this.#product, isAnswered: this.isAnswered, isGoingOn: this.isGoingOn};
  }
}

export class FakeRunner implements Runner {
  /** In the order in which they started. */
  readonly runs: FakeRun[] = [];
  /** What was asked to be settled, in order. */
  readonly lost: LostRun[] = [];
  lostRunEnd: RunEnd | NothingSent | NotKnown | undefined;
  /** Thrown by the next start. */
  fault: Error | undefined;
  #onStart: (run: FakeRun) => void = () => {};

  start(request: RunRequest, observer: RunObserver): Run {
    if (this.fault !== undefined) throw this.fault;
    const run = new FakeRun(request, observer);
    this.#onStart(run);
    this.runs.push(run);
    return run;
  }

  /** What OpenCode shows of a run whose process is gone. */
  async postMortem(lost: LostRun): Promise<RunEnd | NothingSent | NotKnown> {
    this.lost.push(lost);
    return this.lostRunEnd ?? {outcome: 'interrupted', product: NO_PRODUCT, error: lost.cause};
  }

  /** The sessions that OpenCode no longer has. */
  readonly goneSessions = new Set<string>();

  async hasSession(sessionId: string): Promise<boolean> {
    return !this.goneSessions.has(sessionId);
  }

  /** Has something done to each run as it starts. */
  onStart(prepare: (run: FakeRun) => void): void {
    this.#onStart = prepare;
  }

  get prompts(): readonly string[] {
    return this.runs.map(({request}) => request.prompt);
  }

  /** The run of a prompt, which must have started. */
  of(prompt: string): FakeRun {
    const run = this.runs.find(({request}) => request.prompt === prompt);
    if (run === undefined) throw new Error(`${prompt} has not started`);
    return run;
  }
}

/** Records in memory, written when the test lets them be. */
export class FakeStore implements Store {
  readonly #claims = new Set<string>();
  readonly createGate = new Gate();
  readonly writeGate = new Gate();
  /** Whatever was asked of it, in order: `create id status`, `write id status`, `read id`. */
  readonly asked: string[] = [];
  /** Thrown by every write while it is set. */
  writeError: Error | undefined;
  createError: Error | undefined;
  /** As many creates find their id taken. */
  taken = 0;
  /** False as long as the records of a large project were never looked at. */
  isScanned = true;
  readonly #records = new Map<string, Delegation>();

  /** Puts a record in its place as another process would. */
  put(delegation: Delegation): void {
    this.#records.set(`${delegation.project}/${delegation.id}`, delegation);
  }

  /** What is on the disk, without asking for it as a reader would. */
  stored(id: string, project = 'project'): Delegation | undefined {
    return this.#records.get(`${project}/${id}`);
  }

  get size(): number {
    return this.#records.size;
  }

  async create(delegation: Delegation): Promise<boolean> {
    this.asked.push(`create ${delegation.id} ${delegation.state.status}`);
    await this.createGate.pass();
    if (this.createError !== undefined) throw this.createError;
    if (this.taken > 0) {
      this.taken -= 1;
      return false;
    }
    this.put(delegation);
    return true;
  }

  async write(delegation: Delegation): Promise<void> {
    this.asked.push(`write ${delegation.id} ${delegation.state.status}`);
    await this.writeGate.pass();
    if (this.writeError !== undefined) throw this.writeError;
    this.put(delegation);
  }

  has(project: string, head: Pick<DelegationHead, 'project'>): boolean {
    return head.project === project;
  }

  async read(project: string, id: string): Promise<Delegation | undefined> {
    this.asked.push(`read ${id}`);
    return this.stored(id, project);
  }

  async list(project: string): Promise<Listing> {
    const records = [...this.#records.values()].filter((record) => record.project === project);
    return listingOf(records.map(({prompt: _prompt, text: _text, ...head}) => head));
  }

  peek(project: string): Promise<Listing | undefined> {
    return this.isScanned ? this.list(project) : Promise.resolve(undefined);
  }

  /** What other processes' delegations have cost today. */
  spentElsewhere = 0;

  async spentSince(at: number, isKnownBetter: (named: Named) => boolean): Promise<number> {
    const others = [...this.#records.values()].filter((record) => !isKnownBetter(record));
    return others.reduce((sum, {state}) => {
      if (hasEnded(state)) return sum + (state.endedAt >= at ? state.work.usage.cost : 0);
      return sum + (state.status === 'running' ? (state.usage?.cost ?? 0) : 0);
    }, this.spentElsewhere);
  }

  artifact(project: string, id: string): string {
    return `/data/${project}/${id}.md`;
  }

  /** What word was left for, and not taken yet. */
  readonly wanted = new Map<string, Named>();

  async askToCancel(named: Named): Promise<void> {
    this.wanted.set(`${named.project}/${named.id}`, named);
  }

  async cancels(): Promise<readonly Named[]> {
    return [...this.wanted.values()];
  }

  /** What {@link reads} tells, until it is dropped. */
  readonly readWords: Named[] = [];

  async reads(): Promise<readonly Named[]> {
    return [...this.readWords];
  }

  async tellAgain({id}: DelegationHead): Promise<void> {
    this.asked.push(`tell again ${id}`);
  }

  async dropRead({project, id}: Named): Promise<void> {
    const at = this.readWords.findIndex((word) => word.project === project && word.id === id);
    if (at !== -1) this.readWords.splice(at, 1);
  }

  async dropCancel({project, id}: Named): Promise<void> {
    this.wanted.delete(`${project}/${id}`);
  }

  async *unfinished(): AsyncGenerator<readonly DelegationHead[]> {
    const open = [...this.#records.values()].filter(({state}) => !hasEnded(state));
    for (const project of new Set(open.map((record) => record.project))) {
      yield open.filter((record) => record.project === project);
    }
  }

  /** As for processes, so for those who ask at the same time: one acts, the others do not. */
  async exclusively<T>(project: string, id: string, action: () => Promise<T>): Promise<T | undefined> {
    const key = `${project}/${id}`;
    if (this.#claims.has(key)) return undefined;
    this.#claims.add(key);
    return action().finally(() => this.#claims.delete(key));
  }
}

/** Repositories that bring what a test says, by their directory. */
export class FakeTrust implements Trust {
  readonly brought = new Map<string, BroughtCode>();
  readonly allowed: BroughtCode[] = [];

  async codeIn({directory, access}: WorkPlace): Promise<BroughtCode | undefined> {
    return access === 'read-only' ? undefined : this.brought.get(directory);
  }

  async allows({root, digest}: BroughtCode): Promise<boolean> {
    return this.allowed.some((code) => code.root === root && code.digest === digest);
  }

  async allow(code: BroughtCode): Promise<void> {
    this.allowed.push(code);
  }
}

/** Worktrees that are made of nothing. */
export class FakeWorktrees implements Worktrees {
  /** What was asked of it, in order: `open path`, `settle path`. */
  readonly asked: string[] = [];
  readonly openGate = new Gate();
  readonly settleGate = new Gate();
  /** Thrown by every plan. */
  refusal: Error | undefined;
  /** Thrown by every open. */
  openError: Error | undefined;
  outcome: WorktreeOutcome = {is: 'removed'};
  filesChanged: readonly string[] | undefined;
  left: readonly LeftoverWorktree[] = [];
  /** What git knows of those whose record is gone. */
  readonly known = new Map<string, Worktree>();

  async plan(directory: string): Promise<WorktreePlan> {
    if (this.refusal !== undefined) throw this.refusal;
    return {
      checkout: directory,
      prefix: '',
      base: 'c0ffee',
      commonDir: `${directory}/.git`,
      notes: ['A note.'],
    };
  }

  place({checkout, base}: WorktreePlan, {id}: {project: string; id: string}): Worktree {
    return aWorktree({checkout, base, path: `/worktrees/${id}`, directory: `/worktrees/${id}`});
  }

  async open(worktree: Worktree, signal: AbortSignal): Promise<Worktree> {
    this.asked.push(`open ${worktree.path}`);
    await Promise.race([
      this.openGate.pass(),
      new Promise((resolve) => signal.addEventListener('abort', resolve)),
    ]);
    if (signal.aborted) throw new Error('aborted');
    if (this.openError !== undefined) throw this.openError;
    return worktree;
  }

  async reopen({outcome: _, ...worktree}: Worktree): Promise<Worktree> {
    this.asked.push(`reopen ${worktree.path}`);
    if (this.refusal !== undefined) throw this.refusal;
    return worktree;
  }

  async settle(worktree: Worktree, {files}: WorkInWorktree): Promise<SettledWorktree> {
    this.asked.push(`settle ${worktree.path} ${files.join(',')}`.trimEnd());
    await this.settleGate.pass();
    return {
      worktree: {...worktree, outcome: this.outcome},
      ...(this.filesChanged !== undefined && {filesChanged: this.filesChanged}),
    };
  }

  async leftovers(): Promise<readonly LeftoverWorktree[]> {
    return this.left;
  }

  async find({id}: {project: string; id: string}): Promise<Worktree | undefined> {
    return this.known.get(id);
  }

  async clear({id}: {project: string; id: string}): Promise<void> {
    this.asked.push(`clear ${id}`);
  }
}

export function aWorktree(given: Partial<Worktree> = {}): Worktree {
  return {
    checkout: '/somewhere',
    path: '/worktrees/swift-amber-otter',
    directory: '/worktrees/swift-amber-otter',
    branch: 'delegation/swift-amber-otter',
    base: 'c0ffee',
    ...given,
  };
}

/** Says nothing unless a test has given it something to say. */
export class FakeHeadlines implements HeadlineWriter {
  readonly gate = new Gate();
  readonly written: Delegation[] = [];
  headline: Headline | undefined;

  async write(delegation: Delegation): Promise<Headline | undefined> {
    this.written.push(delegation);
    await this.gate.pass();
    return this.headline;
  }
}
