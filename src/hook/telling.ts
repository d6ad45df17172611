import {existsSync} from 'node:fs';
import type {DelegationHead} from '../delegation/model/delegation.ts';
import {CarriedOver, MAX_CARRIED} from '../report/carried-over.ts';
import type {Requested} from '../report/notice.ts';
import type {Expected, Told} from '../store/notices/session-notices.ts';
import {Projects} from '../store/projects/projects.ts';
import {isTheSame, Ledger} from './ledger.ts';
import {endedAt, News} from './news.ts';
import {QuickLook, type QuickLookOptions} from './quick-look.ts';
import type {Recognised} from './recognise.ts';
import {namedOf, newsText, personText, type ToTell, WHILE_YOU_WORKED} from './words.ts';

/** A client that holds a task asks for it again and again: so long after its end, it has told its model of that. */
const TASK_TELLS_MS = 60_000;
/** In a project with more records, a look takes in only what has changed. */
const FEW_RECORDS = 200;

export interface HookTellingOptions extends QuickLookOptions {
  readonly recognised: Recognised;
  /** Where the session works. */
  readonly directory: string;
  /** Resolves when the client has it. */
  readonly print: (output: string) => Promise<void>;
}

/** Tells one session of a client, at one of its events, what it has not been told. */
export class HookTelling {
  readonly #options: HookTellingOptions;
  readonly #look: QuickLook;
  readonly #ledger: Ledger | undefined;

  constructor(options: HookTellingOptions) {
    const {root, recognised} = options;
    const {protocol, call} = recognised;
    this.#options = options;
    this.#look = new QuickLook(options);
    this.#ledger = call.session === undefined ? undefined : new Ledger(root, protocol.name, call.session);
  }

  async run(): Promise<void> {
    const {root, log, directory, recognised} = this.#options;
    // Nobody has ever delegated.
    if (!existsSync(root)) return;
    const {session} = recognised.call;
    const projects = new Projects({root, log, heads: async () => [], mayWrite: false});
    const project = await projects.of(directory);
    const news = new News({look: this.#look, projects, project, session});
    switch (recognised.call.event) {
      case 'session-start':
        return recognised.call.isCompacted ? this.#carryOver(news) : this.#tell(news, {isFirst: true});
      case 'prompt':
        return this.#tell(news, {isFirst: false});
      case 'stop':
        return this.#stopping(news);
      case 'pre-compact':
        return this.#compacting(news);
    }
  }

  /** Says what the session was not told. A session that is opened again has the conversation in which it was told. */
  async #tell(news: News, {isFirst}: {readonly isFirst: boolean}): Promise<void> {
    const {reach} = this.#options.recognised.call;
    const ledger = this.#ledger;
    if (reach === 'nobody') return;
    if (reach === 'model' && ledger?.takeCompacted()) return this.#carryOver(news);
    // Without a name for the session, nobody knows what it was told: at its start, that is nothing.
    if (ledger === undefined) return isFirst ? this.#say(newsText(await allOf(news))) : undefined;
    const from = Date.now();
    const known = await this.#known(news);
    const all = await news.ended(known.filter(isTold), isFirst ? 0 : ledger.lookedUntil());
    const {here, coming, rest} = this.#byTask(all);
    await confirm(ledger, await this.#claimed(ledger, here, []), 'awake');
    const toTell = await this.#claimed(ledger, rest, await news.requests(known));
    await this.#say(reach === 'model' ? newsText(toTell) : personText(toTell));
    await confirm(ledger, toTell, reach === 'model' ? 'awake' : 'silently');
    if (coming === 0) this.#looked(from, toTell);
  }

  /** Lets the model go on, once for each end and request, and only for what this client has asked for. */
  async #stopping(news: News): Promise<void> {
    const {protocol, call} = this.#options.recognised;
    const ledger = this.#ledger;
    if (ledger === undefined || !call.mayGoOn || call.reach !== 'model') return;
    const known = await ledger.known();
    const isOurs = (head: DelegationHead) => protocol.delegatesAs.test(head.client.name);
    const ended = (await news.ended(known.filter(isTold), ledger.lookedUntil())).filter(isOurs);
    const fresh = this.#byTask(ended).rest;
    const requests = (await news.requests(known)).filter(({head}) => isOurs(head));
    // The person has seen these, and the model has not.
    const seen = known.filter((one) => one.told === 'silently' && this.#look.isUnread(one));
    const heads = await Promise.all(seen.map((one) => this.#look.head(one)));
    const said = await this.#claimed(ledger, fresh, requests);
    const ends = [...said.ends, ...heads.filter((head) => head !== undefined).filter(isOurs)];
    const text = newsText({...said, ends});
    await this.#say(text && `${text}\n\n${WHILE_YOU_WORKED}`);
    await confirm(ledger, {...said, ends}, 'awake');
  }

  /**
   * What a task tells: with this very prompt, as that names it; or before long, in the session that has delegated it.
   * A new session holds no task.
   */
  #byTask(all: readonly DelegationHead[]): {
    readonly here: readonly DelegationHead[];
    readonly coming: number;
    readonly rest: readonly DelegationHead[];
  } {
    const {protocol, call} = this.#options.recognised;
    const isHere = ({id, isTask}: DelegationHead) => isTask === true && call.prompt?.includes(id) === true;
    const isComing = (head: DelegationHead) =>
      head.isTask === true &&
      call.event !== 'session-start' &&
      protocol.delegatesAs.test(head.client.name) &&
      Date.now() - endedAt(head) < TASK_TELLS_MS;
    const others = all.filter((head) => !isHere(head));
    const rest = others.filter((head) => !isComing(head));
    return {here: all.filter(isHere), coming: others.length - rest.length, rest};
  }

  async #compacting(news: News): Promise<void> {
    const {reach} = this.#options.recognised.call;
    if (reach === 'model') await this.#say(await carriedOver(news));
    else this.#ledger?.compacted();
  }

  /** Says again what a summary may have left out. */
  async #carryOver(news: News): Promise<void> {
    this.#ledger?.takeCompacted();
    await this.#say(await carriedOver(news));
  }

  /** What the session was told, without what needs no telling any more. */
  async #known(news: News): Promise<readonly Expected[]> {
    const ledger = this.#ledger;
    if (ledger === undefined) return [];
    const known = await ledger.known();
    if (known.length === 0) return [];
    const open = await news.open();
    const isOver = (one: Expected) =>
      !this.#look.isUnread(one) && !open.some((other) => isTheSame(other, one));
    const over = new Set(known.filter(isOver));
    for (const one of over) await ledger.forget(one);
    return known.filter((one) => !over.has(one));
  }

  /** Of these, what no other process tells. */
  async #claimed(
    ledger: Ledger,
    all: readonly DelegationHead[],
    asked: readonly Requested[],
  ): Promise<ToTell> {
    const named = namedOf(all);
    const ends: DelegationHead[] = [];
    for (const head of named) if (await ledger.claim(head)) ends.push(head);
    const requests: Requested[] = [];
    for (const one of asked) if (await ledger.claim(one.head, one.ask.number)) requests.push(one);
    return {ends, more: all.length - named.length, requests};
  }

  async #say(text: string | undefined): Promise<void> {
    if (text === undefined) return;
    const {recognised, print} = this.#options;
    await print(recognised.protocol.render(recognised.call, text));
  }

  /** What is only counted is told with that, and in a large project nobody looks twice at what has not changed. */
  #looked(from: number, {more}: ToTell): void {
    if (more > 0 || this.#look.seen > FEW_RECORDS) this.#ledger?.looked(from);
  }
}

function isTold({told}: Expected): boolean {
  return told !== undefined;
}

async function confirm(ledger: Ledger, {ends, requests}: ToTell, told: Told): Promise<void> {
  for (const head of ends) await ledger.confirm(head, told);
  for (const {head, ask} of requests) await ledger.confirm(head, told, ask.number);
}

async function allOf(news: News): Promise<ToTell> {
  const all = await news.ended();
  const ends = namedOf(all);
  return {ends, more: all.length - ends.length, requests: await news.requests()};
}

async function carriedOver(news: News): Promise<string | undefined> {
  const {newest, omitted} = await news.running(MAX_CARRIED);
  const unread = await news.ended();
  const ongoing = newest.map((delegation) => ({delegation, activeAt: undefined}));
  const carried = new CarriedOver({of: 'project', ongoing, unread, omitted}).text();
  const requested = newsText({ends: [], more: 0, requests: await news.requests()});
  const texts = [carried, requested].filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('\n');
}
