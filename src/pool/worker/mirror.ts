import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import {asksOf, type Delegation, hasEnded} from '../../delegation/model/delegation.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {type FromWorker, LETTERS_VERSION} from '../mail/letters.ts';
import type {WorkerSelf} from '../queue/queue.ts';

const v = LETTERS_VERSION;
/** What a tool has printed can be long, and only its owner's screen is waiting for it. */
const MAX_OUTPUT_CHARS = 20_000;

type By = Extract<FromWorker, {is: 'taken'}>['by'];
type Content = Extract<FromWorker, {is: 'asked'}>['content'];
type Entries = Extract<FromWorker, {is: 'conversation'}>['entries'];

/** Tells the owner what has changed in a delegation since it was told last. */
export class Mirror {
  readonly #post: (letter: FromWorker) => void;
  readonly #self: WorkerSelf;
  readonly #numbers = new Map<number, number>();
  readonly #told = new Map<string, string>();
  readonly #heard = new Set<number>();
  #asks = new Set<string>();
  #session: string | undefined;
  #activity = '';
  #taken = '';

  constructor(self: WorkerSelf, post: (letter: FromWorker) => void) {
    this.#self = self;
    this.#post = post;
  }

  /** Which number the owner has for a message. */
  numbered(own: number, owners: number): void {
    this.#numbers.set(own, owners);
  }

  /** What the owner must not wait for: that it has begun, its session, and what its agent asks for. */
  show({delegation}: DelegationView): void {
    const {state} = delegation;
    if (state.status === 'running' || hasEnded(state)) this.#showBegun(delegation);
    const session = 'sessionId' in state ? state.sessionId : undefined;
    if (session !== undefined && session !== this.#session) {
      this.#session = session;
      this.#post({v, is: 'session', id: session});
    }
    this.#showAsks(delegation);
    this.#showHeard(delegation);
  }

  /** What its agent does. Called once a second. */
  showActivity({activity}: DelegationView): void {
    const said = activity === undefined ? '' : JSON.stringify(activity);
    if (activity === undefined || said === this.#activity) return;
    this.#activity = said;
    this.#post({v, is: 'activity', activity});
  }

  /** What is new in the conversation. */
  showConversation(entries: readonly ConversationEntry[]): void {
    const fresh = entries.map(shortened).filter((entry) => {
      const text = JSON.stringify(entry);
      const isSame = this.#told.get(entry.key) === text;
      this.#told.set(entry.key, text);
      return !isSame;
    });
    if (fresh.length > 0) this.#post({v, is: 'conversation', entries: fresh});
  }

  /** Who runs it, with which agent and model. */
  takenBy({agent, model}: Delegation): By {
    const {name: worker, host, version, opencode} = this.#self;
    return {worker, host, version, opencode, agent, model};
  }

  /** The messages that its agent was given, by the owner's numbers. */
  heardIn({messages = []}: Delegation): number[] {
    return messages.flatMap(({number, readAt}) => {
      const known = this.#numbers.get(number);
      return readAt === undefined || known === undefined ? [] : [known];
    });
  }

  #showBegun(delegation: Delegation): void {
    const by = this.takenBy(delegation);
    const said = JSON.stringify(by);
    if (said === this.#taken) return;
    this.#taken = said;
    this.#post({v, is: 'taken', by});
  }

  #showAsks(delegation: Delegation): void {
    const asks = asksOf(delegation);
    const now = new Set(asks.map(({number}) => String(number)));
    for (const id of this.#asks) if (!now.has(id)) this.#post({v, is: 'withdrawn', id});
    for (const ask of asks) {
      const id = String(ask.number);
      if (!this.#asks.has(id)) this.#post({v, is: 'asked', id, content: contentOf(ask)});
    }
    this.#asks = now;
  }

  #showHeard(delegation: Delegation): void {
    const numbers = this.heardIn(delegation).filter((number) => !this.#heard.has(number));
    for (const number of numbers) this.#heard.add(number);
    if (numbers.length > 0) this.#post({v, is: 'heard', numbers});
  }
}

function contentOf(ask: ReturnType<typeof asksOf>[number]): Content {
  if (ask.kind === 'permission') return {kind: ask.kind, what: ask.what, detail: ask.detail};
  const questions = ask.questions.map(({question, options, isMultiple}) => ({
    ...{question, isMultiple},
    options: [...options],
  }));
  return {kind: ask.kind, what: ask.what, questions};
}

function shortened(entry: ConversationEntry): Entries[number] {
  const {said} = entry;
  if (said.kind !== 'tool') return {...entry, said};
  return {...entry, said: {...said, output: said.output.slice(0, MAX_OUTPUT_CHARS)}};
}
