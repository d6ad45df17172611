import {Refusal} from '../../base/errors.ts';
import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import type {Client, Delegation, Named, Owner} from '../../delegation/model/delegation.ts';
import {newId} from '../../delegation/model/id.ts';
import type {RunEnd} from '../../delegation/model/run.ts';
import {type JobResult, LETTERS_VERSION, LUGGAGE} from '../mail/letters.ts';
import type {HomeCheckout} from '../travel/homeward.ts';
import type {BroughtHome, ClientCode} from './code.ts';
import type {CollectReceipts} from './collect-receipts.ts';
import {collectedRecord} from './collected.ts';
import {harvestIn} from './harvest.ts';
import type {PoolAccess, PoolLink} from './link.ts';
import {outlookOf} from './outlook.ts';
import type {SentJob} from './sent-jobs.ts';

const ID_ATTEMPTS = 100;

export interface CollectingOptions {
  readonly link: PoolLink;
  readonly access: PoolAccess;
  readonly code: ClientCode;
  readonly receipts: CollectReceipts;
  readonly records: {
    read(named: Named): Promise<Delegation | undefined>;
    /** @returns false where there is one of that id. */
    create(record: Delegation): Promise<boolean>;
    keepConversation(named: Named, entries: readonly ConversationEntry[]): Promise<void>;
  };
  readonly client: Client;
  readonly owner: Owner;
  /** The folder that worktrees are made in. */
  readonly root: string;
}

/** Where what is collected belongs. */
export interface CollectingPlace {
  /** In a checkout of the repository. */
  readonly directory: string;
  readonly project: string;
}

/** Takes what has come of delegations that another machine of the same owner has sent into the pool. */
export class Collecting {
  readonly #options: CollectingOptions;

  constructor(options: CollectingOptions) {
    this.#options = options;
  }

  /**
   * Makes a record of an end, and a branch, and then has the pool forget it. What was broken off goes on where it was.
   * @throws Refusal where it cannot be collected, or not here, with the reason. It stays in the pool then.
   */
  async collect(sent: SentJob, place: CollectingPlace): Promise<Delegation> {
    checkEnded(sent);
    const {link, access, code, receipts, records} = this.#options;
    const {job, order, mail, standing} = sent;
    const bundle = () => mail.getFile(LUGGAGE);
    const home = await code.readyHome(place.directory, order.travel, bundle);
    const outlook = await outlookOf(standing, {mail, queue: access.queue, taker: link.self});
    if (outlook.is === 'held') throw new Refusal(`${outlook.why} Nothing was collected.`);
    if (outlook.is !== 'end') {
      throw new Refusal(`${order.delegation} is no longer in the pool. Nothing was collected.`);
    }
    const {end, result} = outlook;
    const branch = await this.#bringHome(sent, home);
    const record = await this.#record(sent, {...place, home, end, result, branch});
    const {conversation = []} = result ?? {};
    if (conversation.length > 0) await records.keepConversation(record, conversation);
    await this.#acknowledge(job, record, sent);
    await receipts.remove(job);
    return record;
  }

  async #bringHome(
    {order, standing, mail}: SentJob,
    {checkout}: HomeCheckout,
  ): Promise<BroughtHome | undefined> {
    if (standing.is !== 'returned' && standing.is !== 'lost') return undefined;
    const harvest = await harvestIn(standing, mail);
    if (harvest === undefined) return undefined;
    const {file, notes, ...sent} = harvest;
    const {branch, travel} = order;
    const options = {branch, base: travel.commit, ...sent};
    const home = await this.#options.code.bringHome(checkout, options, mail.getFile(file));
    return {...home, notes: [...notes, ...home.notes]};
  }

  /** Resolves with the record once it is on disk: that of an earlier attempt, where there was one. */
  async #record(sent: SentJob, made: Made): Promise<Delegation> {
    const {receipts, records, client, owner, root} = this.#options;
    const {job, order, mail} = sent;
    const {project, home, end, result, branch} = made;
    const before = await receipts.of(job);
    const stored = before && (await records.read(before));
    if (stored !== undefined && stored.prompt === order.prompt) return stored;
    const told = (await mail.toldOwner()).find((letter) => letter.is === 'taken');
    const by = result === undefined ? told?.by : result.by;
    for (let attempt = 0; attempt < ID_ATTEMPTS; attempt++) {
      const id = attempt === 0 ? (before?.id ?? order.delegation) : newId();
      if ((await records.read({project, id})) !== undefined) continue;
      const named = {project, id};
      const now = Date.now();
      const record = collectedRecord({
        ...{...named, ...home, order, end, result, by, client, owner, root, now},
        ...(branch !== undefined && {home: branch}),
      });
      receipts.write(job, named);
      if (await records.create(record)) return record;
    }
    throw new Error(`no unused id was found in ${ID_ATTEMPTS} attempts`);
  }

  /** The machine that has sent it finds the note, and says in its record where the end is. */
  async #acknowledge(job: string, record: Delegation, {mail}: SentJob): Promise<void> {
    const {link, access} = this.#options;
    const {id, directory, worktree, state} = record;
    const branch = worktree?.outcome?.is === 'kept' ? worktree.branch : undefined;
    if (!('endedAt' in state)) throw new Error(`${id} has no end`);
    const note = mail.sealedNote({
      v: LETTERS_VERSION,
      ...{host: link.self.host, at: await access.queue.now(), id, directory, outcome: state.status},
      ...(branch !== undefined && {branch}),
    });
    await access.queue.forget(job, note);
  }
}

interface Made extends CollectingPlace {
  readonly home: HomeCheckout;
  readonly end: RunEnd;
  readonly result: JobResult | undefined;
  readonly branch: BroughtHome | undefined;
}

function checkEnded({order: {delegation: id, from}, standing, isOwn}: SentJob): void {
  const there = from?.host ?? 'the machine that delegated it';
  if (isOwn) {
    throw new Refusal(
      `${id} was delegated on this machine, which takes its end by itself: \`opencode-delegate wait ${id}\`.`,
    );
  }
  if (standing.is === 'waiting')
    throw new Refusal(`${id} has not begun. It waits for a worker, and for ${there}.`);
  if (standing.is === 'leased') {
    throw new Refusal(`${id} has not ended: ${standing.worker} works on it. Collect it when it has.`);
  }
}
