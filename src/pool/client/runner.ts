import {rm} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {messageOf, Refusal} from '../../base/errors.ts';
import {OneAtATime} from '../../base/one-at-a-time.ts';
import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import type {Named} from '../../delegation/model/delegation.ts';
import {UNCHOSEN} from '../../delegation/model/elsewhere.ts';
import {
  type LostRun,
  NO_PRODUCT,
  type NothingSent,
  type NotKnown,
  type Run,
  type RunEnd,
  type Runner,
  type RunObserver,
  type RunRequest,
} from '../../delegation/model/run.ts';
import {LETTERS_VERSION, LUGGAGE, type WorkOrder} from '../mail/letters.ts';
import {bytesOf} from '../mail/mail.ts';
import {JobOver, PoolFull, PoolUnreachable} from '../queue/errors.ts';
import {sealedJob} from '../seal/sealed-job.ts';
import {bundleBytes} from '../travel/bundle-file.ts';
import type {Travel} from '../travel/travel.ts';
import type {ClientCode, Departure} from './code.ts';
import {unreadableEnd} from './ends.ts';
import type {PoolLedger} from './ledger.ts';
import type {PoolLine} from './line.ts';
import type {PoolLink} from './link.ts';
import {outlookOf} from './outlook.ts';
import {PoolRun} from './run.ts';
import {sendWhole} from './send-whole.ts';

export interface PoolRunnerOptions {
  readonly link: PoolLink;
  readonly code: ClientCode;
  readonly ledger: PoolLedger;
  readonly line: PoolLine;
  /** Keeps what an agent has said, where no OpenCode of this machine has it. */
  readonly keep: (named: Named, entries: readonly ConversationEntry[]) => Promise<void>;
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
    const {link, line} = this.#options;
    const {handedOver, delegationId: id} = request;
    if (handedOver === undefined) throw new Error(`${id} is not to run elsewhere`);
    const job = link.jobOf({project: handedOver.project, id});
    let whole: OneAtATime | undefined;
    return new PoolRun({
      ...{job, link, line, observer},
      keep: (entries) => this.#keep({project: handedOver.project, id}, entries),
      sendWhole: (signal) => {
        whole ??= new OneAtATime(() => this.#sendWhole(job, {request, signal}));
        whole.want();
      },
      handOver: (signal, trouble) =>
        link
          .persist(() => this.#handOver(job, {request, signal}), {signal, trouble})
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
      const [standing, mail] = [await queue.standing(job), await link.mailOf(job)];
      const outlook = await outlookOf(standing, {mail, queue, taker: link.self});
      if (outlook.is === 'end') {
        await this.#keep({project, id}, outlook.result?.conversation ?? []);
        return outlook.end;
      }
      if (outlook.is === 'held') return {outcome: 'not known', why: outlook.why};
      // What is there is taken hold of when it is started again: nothing runs twice by that.
      return {outcome: 'nothing sent', why: 'The process that watched it is gone.'};
    } catch (error) {
      if (error instanceof Refusal || error instanceof PoolUnreachable || error instanceof PoolFull)
        return {outcome: 'not known', why: messageOf(error)};
      return unreadableEnd(messageOf(error), NO_PRODUCT);
    }
  }

  /** Its next agent works with what the last one has left, on whichever worker: no session is needed for that. */
  async hasSession(): Promise<boolean> {
    return true;
  }

  /** What cannot be kept is no reason to keep an end back. */
  async #keep(named: Named, entries: readonly ConversationEntry[]): Promise<void> {
    const {keep, link} = this.#options;
    if (entries.length === 0) return;
    await keep(named, entries).catch((error: unknown) => {
      link.log.warn(`${named.id}: what its agent has said could not be kept: ${messageOf(error)}`);
    });
  }

  /** Never rejects. */
  async #sendWhole(job: string, {request, signal}: Begun): Promise<void> {
    const {link, code} = this.#options;
    try {
      const planned = await this.#departureOf(job, {request, signal});
      await sendWhole({job, link, code, planned, signal, directory: placeOf(request)});
    } catch (error) {
      if (!signal.aborted) link.log.error(`${job} could not be sent whole: ${messageOf(error)}`);
    }
  }

  async #handOver(job: string, {request, signal}: Begun): Promise<void> {
    const {link, ledger, waitMs} = this.#options;
    const {queue, owner, group} = await link.access();
    const standing = await queue.standing(job);
    if (standing.is !== 'unknown' || standing.note !== undefined) return;
    const {travel, luggage} = await this.#departureOf(job, {request, signal});
    // Decided once: for so long the pool knows that it has had it, and what comes again later is too late.
    const notAfter = await ledger.submitted(job, async () => (await queue.now()) + waitMs);
    if (luggage !== undefined) await (await link.mailOf(job)).putFile(LUGGAGE, bundleBytes(luggage));
    const from = {host: link.self.host, at: notAfter - waitMs};
    const body = bytesOf({...orderOf(request, travel), from} satisfies WorkOrder);
    const route = group.route(travel.repository);
    await queue.submit(sealedJob({id: job, route, notAfter, body}, {group, owner}));
  }

  /** As it was planned; what goes on where another has stopped is planned now. */
  async #departureOf(job: string, {request, signal}: Begun): Promise<Pick<Departure, 'travel' | 'luggage'>> {
    const {code, ledger} = this.#options;
    const {delegationId: id, handedOver} = request;
    const planned = await ledger.departureOf(job);
    if (planned !== undefined) return planned;
    if (handedOver === undefined) throw new Error(`${id} is not to run elsewhere`);
    const {worktree, project} = handedOver;
    const {base, since = base} = worktree;
    const departure = await code.depart(placeOf(request), {commit: since});
    if (signal.aborted) {
      // It has ended meanwhile: nobody would ever remove what is kept for it now.
      if (departure.luggage !== undefined) await rm(departure.luggage, {force: true});
      signal.throwIfAborted();
    }
    ledger.add(job, {project, id}, departure);
    return (await ledger.departureOf(job)) ?? departure;
  }
}

interface Begun {
  readonly request: RunRequest;
  /** Aborts when this process is done with it. */
  readonly signal: AbortSignal;
}

/** The directory in the person's checkout that it is delegated for. */
function placeOf({delegationId, handedOver}: RunRequest): string {
  if (handedOver === undefined) throw new Error(`${delegationId} is not to run elsewhere`);
  const {checkout, path, directory} = handedOver.worktree;
  return join(checkout, relative(path, directory));
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
