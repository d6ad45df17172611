import type {IQueueBackend, Job, Worker} from 'bullmq';
import type {PoolJob} from '../queue/queue.ts';
import {laneOf} from './desk.ts';

type Bull = typeof import('bullmq');

/** What is in BullMQ's data of a job: all of it is at the desk. */
const NOTHING = {};
const NAME = 'delegation';

/** Why BullMQ takes a job for lost. */
export const NOT_RENEWED = 'its lease was not renewed in time';

/** How a job stands with BullMQ. */
export type LineState = 'absent' | 'open' | {readonly completedAt: number} | {readonly failed: string};

/** The lines in which jobs wait, and their leases: BullMQ, with one connection for all lines. */
export class LeaseLines {
  readonly #bull: Bull;
  readonly #backend: IQueueBackend;
  readonly #leaseMs: number;
  readonly #lines = new Map<string, Worker>();

  constructor(given: {bull: Bull; backend: IQueueBackend; leaseMs: number}) {
    this.#bull = given.bull;
    this.#backend = given.backend;
    this.#leaseMs = given.leaseMs;
  }

  /** Idempotent. */
  async add(job: PoolJob): Promise<void> {
    await this.#bull.Job.create(this.#line(laneOf(job)), NAME, NOTHING, {jobId: idOf(job.id), attempts: 1});
  }

  async state(lane: string, id: string): Promise<LineState> {
    const job = await this.#job(lane, id);
    if (job === undefined) return 'absent';
    if (job.deferredFailure) return {failed: NOT_RENEWED};
    if (!job.finishedOn) return 'open';
    return job.failedReason ? {failed: job.failedReason} : {completedAt: job.finishedOn};
  }

  /** The next job of a line, which is leased now under the token. */
  async take(
    lane: string,
    token: string,
  ): Promise<{readonly id: string; readonly isStalled: boolean} | undefined> {
    const job = await this.#line(lane).getNextJob(token, {block: false});
    if (job?.id === undefined) return undefined;
    return {id: plainId(job.id), isStalled: Boolean(job.deferredFailure)};
  }

  /** @returns the ids whose lease is lost. */
  async renew(
    lane: string,
    leases: readonly {readonly id: string; readonly token: string}[],
  ): Promise<readonly string[]> {
    const ids = leases.map(({id}) => idOf(id));
    const tokens = leases.map(({token}) => token);
    const lost = await this.#line(lane).extendJobLocks(ids, tokens, this.#leaseMs);
    return lost.map(plainId);
  }

  /** @throws an error of BullMQ, which {@link isLost} knows, when the lease is lost. */
  async complete(lane: string, id: string, token: string): Promise<void> {
    const job = await this.#job(lane, id);
    if (job === undefined) throw new Error(`Missing key for job ${id}.`);
    await job.moveToCompleted(true, token, false);
  }

  /** As {@link complete}. `'0'` as the token is any lease. */
  async fail(lane: string, id: string, token: string, why: string): Promise<void> {
    const job = await this.#job(lane, id);
    if (job === undefined) throw new Error(`Missing key for job ${id}.`);
    await job.moveToFailed(new Error(why), token, false);
  }

  async putBack(lane: string, id: string, token: string): Promise<void> {
    await (await this.#job(lane, id))?.moveToWait(token);
  }

  /** Removes it, whoever has it. Idempotent. */
  async remove(lane: string, id: string): Promise<void> {
    const job = await this.#job(lane, id);
    if (job === undefined) return;
    const isActive = await job.isActive();
    if (isActive) await job.moveToFailed(new Error('it was forgotten'), '0', false).catch(() => {});
    await this.#backend.forQueue(lane).remove(idOf(id), false);
  }

  /** Takes leases of a line for lost that were not renewed in time. @returns the ids of those that it found. */
  async sweep(lane: string): Promise<readonly string[]> {
    const ids = await this.#line(lane).getBackend().moveStalledJobsToWait();
    return ids.map(plainId);
  }

  /** Forgets lines that are no longer needed, so that a machine that has seen many does not keep them all. */
  keepOnly(lanes: ReadonlySet<string>): void {
    for (const lane of [...this.#lines.keys()]) if (!lanes.has(lane)) this.#lines.delete(lane);
  }

  async close(): Promise<void> {
    this.#lines.clear();
    await this.#backend.close(true);
  }

  async #job(lane: string, id: string): Promise<Job | undefined> {
    return this.#bull.Job.fromId(this.#line(lane), idOf(id));
  }

  /** A worker of BullMQ that takes nothing by itself, and shares the connection of all. */
  #line(lane: string): Worker {
    const known = this.#lines.get(lane);
    if (known !== undefined) return known;
    const options = {connection: {}, lockDuration: this.#leaseMs, autorun: false, maxStalledCount: 0};
    const line = new this.#bull.Worker(lane, null, options, () => this.#backend.forQueue(lane));
    // The one who asks for something gets the error; nobody needs it twice.
    line.on('error', () => {});
    // With a processor of null, its types take the data of jobs for another one's; nothing here reads that.
    const plain = line as unknown as Worker;
    this.#lines.set(lane, plain);
    return plain;
  }
}

/** BullMQ allows no colon in an id, and none that is a number. */
function idOf(id: string): string {
  return `d-${encodeURIComponent(id)}`;
}

function plainId(id: string): string {
  return decodeURIComponent(id.slice(2));
}
