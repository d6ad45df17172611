import {join, relative} from 'node:path';
import {messageOf, Refusal} from '../../base/errors.ts';
import {UNCHOSEN} from '../../delegation/model/elsewhere.ts';
import {
  type LostRun,
  NO_PRODUCT,
  type NothingSent,
  type NotKnown,
  type Product,
  type Run,
  type RunEnd,
  type Runner,
  type RunObserver,
  type RunRequest,
} from '../../delegation/model/run.ts';
import {LETTERS_VERSION, LUGGAGE, type WorkOrder} from '../mail/letters.ts';
import {bytesOf} from '../mail/mail.ts';
import {JobOver} from '../queue/errors.ts';
import {sealedJob} from '../seal/sealed-job.ts';
import {bundleBytes} from '../travel/bundle-file.ts';
import type {Travel} from '../travel/travel.ts';
import type {ClientCode, Departure} from './code.ts';
import {endOfJob, lostEnd, unreadableEnd} from './ends.ts';
import type {PoolLedger} from './ledger.ts';
import type {PoolLink} from './link.ts';
import {PoolRun} from './run.ts';

export interface PoolRunnerOptions {
  readonly link: PoolLink;
  readonly code: ClientCode;
  readonly ledger: PoolLedger;
  /** How long a job may wait for a worker, in milliseconds. */
  readonly waitMs: number;
}

/** Runs delegations on workers of a pool. What a pool has of them already is taken hold of, and never run twice. */
export class PoolRunner implements Runner {
  readonly #options: PoolRunnerOptions;

  constructor(options: PoolRunnerOptions) {
    this.#options = options;
  }

  start(request: RunRequest, observer: RunObserver): Run {
    const {link} = this.#options;
    const {handedOver, delegationId: id} = request;
    if (handedOver === undefined) throw new Error(`${id} is not to run elsewhere`);
    const job = link.jobOf({project: handedOver.project, id});
    return new PoolRun({
      ...{job, link, observer},
      handOver: (signal, trouble) =>
        link
          .persist(() => this.#handOver(job, request), {signal, trouble})
          .catch((error: unknown) => {
            if (error instanceof JobOver) throw new Error('the pool has it no longer', {cause: error});
            throw error;
          }),
    });
  }

  async postMortem({project, delegationId: id}: LostRun): Promise<RunEnd | NothingSent | NotKnown> {
    if (project === undefined) return {outcome: 'not known', why: 'Its project is not known.'};
    const {link} = this.#options;
    const job = link.jobOf({project, id});
    try {
      const {queue} = await link.reached();
      const standing = await queue.standing(job);
      switch (standing.is) {
        case 'unknown':
        case 'waiting':
        case 'leased':
          // What is there is taken hold of when it is started again: nothing runs twice by that.
          return {outcome: 'nothing sent', why: 'The process that watched it is gone.'};
        case 'returned':
          return endOfJob((await link.mailOf(job)).openedResult(standing.result));
        case 'lost':
          return lostEnd(standing, await this.#lastProduct(job));
      }
    } catch (error) {
      if (error instanceof Refusal) return {outcome: 'not known', why: messageOf(error)};
      return unreadableEnd(messageOf(error), NO_PRODUCT);
    }
  }

  /** Its next agent works with what the last one has left, on whichever worker: no session is needed for that. */
  async hasSession(): Promise<boolean> {
    return true;
  }

  async #handOver(job: string, request: RunRequest): Promise<void> {
    const {link, waitMs} = this.#options;
    const {queue, owner, group} = await link.access();
    if ((await queue.standing(job)).is !== 'unknown') return;
    const {travel, luggage} = await this.#departureOf(job, request);
    if (luggage !== undefined) await (await link.mailOf(job)).putFile(LUGGAGE, bundleBytes(luggage));
    const body = bytesOf(orderOf(request, travel));
    const notAfter = (await queue.now()) + waitMs;
    const route = group.route(travel.repository);
    await queue.submit(sealedJob({id: job, route, notAfter, body}, {group, owner}));
  }

  /** As it was planned; what goes on where another has stopped is planned now. */
  async #departureOf(
    job: string,
    {delegationId: id, handedOver}: RunRequest,
  ): Promise<Pick<Departure, 'travel' | 'luggage'>> {
    const {code, ledger} = this.#options;
    const planned = await ledger.departureOf(job);
    if (planned !== undefined) return planned;
    if (handedOver === undefined) throw new Error(`${id} is not to run elsewhere`);
    const {worktree, project} = handedOver;
    const {checkout, path, directory, base, since = base} = worktree;
    const departure = await code.depart(join(checkout, relative(path, directory)), {commit: since});
    ledger.add(job, {project, id}, departure);
    return (await ledger.departureOf(job)) ?? departure;
  }

  /** What the last checkpoint of a lost worker has told. */
  async #lastProduct(job: string): Promise<Product> {
    const letters = await (await this.#options.link.mailOf(job)).toldOwner();
    const last = letters.filter((letter) => letter.is === 'checkpoint' || letter.is === 'late').at(-1);
    return last?.product ?? NO_PRODUCT;
  }
}

function orderOf(request: RunRequest, travel: Travel): WorkOrder {
  const {handedOver, delegationId: delegation, prompt, title, agent, model, messages = []} = request;
  if (handedOver === undefined) throw new Error(`${delegation} is not to run elsewhere`);
  const {project, timeoutMs, ceilings, expect, worktree} = handedOver;
  return {
    v: LETTERS_VERSION,
    ...{delegation, project, prompt, title, timeoutMs, travel, access: 'worktree' as const},
    branch: worktree.branch,
    ...(agent !== UNCHOSEN.agent && {agent}),
    ...(model !== UNCHOSEN.model && {model}),
    ...(ceilings.costUsd !== undefined && {maxCostUsd: ceilings.costUsd}),
    ...(ceilings.tokens !== undefined && {maxTokens: ceilings.tokens}),
    ...(expect !== undefined && {expect}),
    messages: messages.map(({number, text}) => ({number, text})),
  };
}
