import {deferred} from '../../base/deferred.ts';
import {messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {type Delegation, hasEnded} from '../../delegation/model/delegation.ts';
import {HARVEST, type JobResult, LETTERS_VERSION, type WorkOrder} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import {LeaseLost} from '../queue/errors.ts';
import type {Lease, Listening, WorkerSelf} from '../queue/queue.ts';
import {reached} from '../queue/reached.ts';
import {arriving} from './arriving.ts';
import {Checkpoints} from './checkpoints.ts';
import type {WorkerCode} from './code.ts';
import {projectOfJob} from './job-project.ts';
import type {Journal} from './journal.ts';
import {Mirror} from './mirror.ts';
import {inputOf} from './order-input.ts';
import {Orders} from './orders.ts';
import {Outbox} from './outbox.ts';
import type {Own, OwnService} from './own-service.ts';
import {harvestOf, refusedResult, resultOf, withHarvest} from './results.ts';
import {SaidByAgents, saidByAgent} from './said-by-agents.ts';
import {whenReached} from './when-reached.ts';

/** How often the owner is told what its agent does, at most. */
const NEWS_MS = 1_000;

export interface AssignmentOptions {
  readonly lease: Lease;
  readonly order: WorkOrder;
  readonly mail: Mail;
  readonly self: WorkerSelf;
  readonly code: WorkerCode;
  readonly service: OwnService;
  /** Has the job as begun. */
  readonly journal: Journal;
  readonly log: Logger;
  /** How often what is there is put where it is safe. */
  readonly checkpointMs: number;
  /** Aborts when the worker ends, and what has not begun is to be handed back. */
  readonly draining: AbortSignal;
}

/** One job at work: from the lease to the result. */
export class Assignment {
  readonly #options: AssignmentOptions;
  readonly #outbox: Outbox;
  readonly #mirror: Mirror;
  /** What is to be known of how the code has come. */
  #notes: readonly string[] = [];
  #said: SaidByAgents | undefined;

  constructor(options: AssignmentOptions) {
    const {mail, self, log} = options;
    this.#options = options;
    this.#outbox = new Outbox(mail, log);
    this.#mirror = new Mirror(self, (letter) => this.#outbox.post(letter));
  }

  /** Resolves when its result is durable, its lease is lost, or it was handed back. Never rejects. */
  async run(): Promise<void> {
    const {lease, log} = this.#options;
    try {
      await this.#run();
    } catch (error) {
      log.error(`${lease.job.id}: ${messageOf(error)}`);
      await this.#give(refusedResult(`A fault of the worker: ${messageOf(error)}`)).catch(() => {});
    } finally {
      await this.#outbox.sent();
    }
  }

  async #run(): Promise<void> {
    const {lease, draining, log} = this.#options;
    const begun = await this.#begin().catch((error: unknown) => {
      if (lease.signal.aborted || draining.aborted) return undefined;
      if (error instanceof Refusal) return error;
      throw error;
    });
    if (begun === undefined) {
      log.info(`${lease.job.id} is handed back: nothing was begun`);
      return this.#handBack();
    }
    if (begun instanceof Refusal) {
      if (draining.aborted && !lease.signal.aborted) return this.#handBack();
      log.info(`${lease.job.id} is refused: ${begun.message}`);
      return this.#give(refusedResult(begun.message));
    }
    const record = await this.#watch(begun.own);
    if (record === undefined) return this.#handBack();
    await this.#finish(record);
  }

  /** Gets the code here, and delegates. Resolves with `undefined` where the worker ends before that. */
  async #begin(): Promise<{readonly own: Own} | undefined> {
    const {lease, order, code, mail, service, draining} = this.#options;
    const signal = AbortSignal.any([lease.signal, draining]);
    if (signal.aborted) return undefined;
    const {arrival, notes} = await arriving({job: lease.job.id, order, code, mail, signal});
    this.#notes = notes;
    if (signal.aborted) return undefined;
    const {delegation} = await service.delegations.delegate({
      ...inputOf(order),
      environment: service.environment,
      project: projectOfJob(lease.job.id),
      directory: arrival.directory,
      client: {name: 'pool', version: this.#options.self.version},
    });
    return {own: {project: delegation.project, id: delegation.id}};
  }

  /** Resolves with its end; with `undefined` where it never ran and the worker ends. */
  async #watch(own: Own): Promise<Delegation | undefined> {
    const {lease, mail, service, draining, log, order} = this.#options;
    const {delegations} = service;
    const ended = deferred<Delegation>();
    const look = (record?: Delegation) => {
      const view = delegations.view(own.project, own.id);
      if (view !== undefined) this.#mirror.show(view);
      if (record !== undefined && hasEnded(record.state)) ended.resolve(record);
    };
    const unwatch = delegations.watch((record) => {
      if (record.id === own.id && record.project === own.project) look(record);
    });
    const news = setInterval(() => {
      look();
      const view = delegations.view(own.project, own.id);
      if (view !== undefined) this.#mirror.showActivity(view);
    }, NEWS_MS);
    const checkpoints = this.#checkpoints(own);
    this.#said = new SaidByAgents(() => delegations.conversationOf(own.project, own.id));
    const stop = () => void delegations.cancel(own.project, own.id).catch(() => {});
    lease.signal.addEventListener('abort', stop);
    let isHandedBack = false;
    const handBack = () => {
      if (delegations.view(own.project, own.id)?.delegation.state.status !== 'queued') return;
      isHandedBack = true;
      stop();
    };
    draining.addEventListener('abort', handBack);
    let letters: Listening | undefined;
    try {
      if (lease.signal.aborted) stop();
      for (const message of order.messages) await this.#tell(own, message);
      const orders = this.#orders(own);
      const refused = (why: string) => log.warn(why);
      letters = whenReached(() => mail.atWorker((letter) => void orders.carryOut(letter), refused), log);
      look();
      const now = await delegations.get(own.project, own.id);
      if (hasEnded(now.delegation.state)) ended.resolve(now.delegation);
      const record = await ended.promise;
      return isHandedBack && !('startedAt' in record.state) ? undefined : record;
    } finally {
      draining.removeEventListener('abort', handBack);
      lease.signal.removeEventListener('abort', stop);
      clearInterval(news);
      this.#said.close();
      await checkpoints.close();
      unwatch();
      await letters?.close();
    }
  }

  async #tell(own: Own, {number, text}: WorkOrder['messages'][number]): Promise<void> {
    const told = await this.#options.service.delegations
      .tell(own.project, own.id, text)
      .catch(() => undefined);
    if (told !== undefined) this.#mirror.numbered(told.message.number, number);
  }

  #orders(own: Own): Orders {
    const {delegations} = this.#options.service;
    return new Orders({
      ...{delegations, own},
      post: (letter) => this.#outbox.post(letter),
      told: (mine, owners) => this.#mirror.numbered(mine, owners),
      showConversation: () =>
        this.#mirror.showConversation(delegations.conversation(own.project, own.id) ?? []),
    });
  }

  #checkpoints(own: Own): Checkpoints {
    const {code, mail, checkpointMs, log, order} = this.#options;
    const {delegations} = this.#options.service;
    return new Checkpoints({
      ...{code, mail, log, everyMs: checkpointMs, since: order.travel.head, branch: order.branch},
      viewed: () => delegations.view(own.project, own.id),
      written: () => saidByAgent(delegations.conversation(own.project, own.id) ?? []),
      post: (letter) => this.#outbox.post(letter),
    });
  }

  async #finish(record: Delegation): Promise<void> {
    const {order, draining} = this.#options;
    const given = {id: order.delegation, mirror: this.#mirror, isDraining: draining.aborted};
    const result = resultOf(record, given);
    const harvest = await this.#harvest(record).catch((error: unknown) => ({notes: [messageOf(error)]}));
    const notes = [...this.#notes, ...result.notes];
    await this.#give(withHarvest({...result, notes, conversation: this.#said?.entries ?? []}, harvest));
  }

  /** Another worker may have it. What is lost meanwhile is lost without anything having been begun. */
  async #handBack(): Promise<void> {
    const {lease, journal, log} = this.#options;
    // Before: this very worker may be the one who takes it next.
    await journal.takeBack(lease.job);
    try {
      await reached(() => lease.handBack());
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      log.warn(`${lease.job.id} could not be handed back: ${error.message}`);
    }
  }

  /** Puts the branch where the owner finds it. */
  async #harvest(record: Delegation): Promise<Pick<JobResult, 'harvest' | 'notes'> | undefined> {
    const {mail, code, order} = this.#options;
    const {worktree} = record;
    const commit = harvestOf(record);
    if (worktree === undefined || commit === undefined) return undefined;
    const {branch, travel} = order;
    const packed = await code.pack(worktree, commit, {since: travel.head, branch});
    try {
      await reached(() => mail.putFile(HARVEST, packed.content()));
    } finally {
      await packed.drop();
    }
    const {bytes, sha256, notes} = packed;
    return {harvest: {commit, bytes, sha256}, notes: [...notes]};
  }

  /** What comes too late is kept as a letter. */
  async #give(result: JobResult): Promise<void> {
    const {lease, mail, log} = this.#options;
    // What was told before is there when the result is.
    await this.#outbox.sent();
    try {
      await reached(() => lease.giveResult(mail.sealedResult(result)));
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      log.warn(`${lease.job.id}: ${error.message} Its result is kept as a letter.`);
      const {outcome, product} = result;
      this.#outbox.post({v: LETTERS_VERSION, is: 'late', outcome, product, at: Date.now()});
    }
  }
}
