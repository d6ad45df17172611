import {messageOf, Refusal} from '../../base/errors.ts';
import type {Ask, AskContent, AskPolicy, Decision, Reply, Ruling} from '../model/ask.ts';
import type {AskReply} from '../model/run.ts';
import {answersOf} from './answers.ts';

const NOBODY =
  'This is a background session: nobody is there to allow this. Go on without it, and say in your answer what you could not do because of it.';
const TIMED_OUT =
  'Nobody has answered in time. Go on without it, and say in your answer what you could not do or had to assume because of it.';
const DENIED =
  'This was denied. Go on without it, and say in your answer what you could not do because of it.';

export interface AsksOptions {
  readonly policy: AskPolicy;
  readonly now: () => number;
  /** When the delegation runs out of time: nobody can answer later, whatever the policy says. */
  readonly deadline: number;
  /** Takes an answer to the one who asked. Rejects when it could not be delivered. */
  readonly deliver: (id: string, reply: AskReply) => Promise<void>;
  /** Called with the requests that are open, oldest first, whenever they have changed. */
  readonly onOpen: (asks: readonly Ask[]) => void;
  readonly onDecision: (decision: Decision) => void;
}

interface Open {
  readonly id: string;
  readonly ask: Ask;
  readonly timer: NodeJS.Timeout;
  /** Set by the first decision; every later one is refused. */
  isDecided: boolean;
}

/** The permission requests and questions of one delegation that runs. Each is decided once, by the one who is first. */
export class Asks {
  readonly #options: AsksOptions;
  readonly #open = new Map<number, Open>();
  readonly #decided = new Map<number, Ruling>();
  #count = 0;

  constructor(options: AsksOptions) {
    this.#options = options;
  }

  /** The agent asks; the id is the runner's own. */
  asked(id: string, content: AskContent): void {
    const {policy, now, deadline} = this.#options;
    this.#count += 1;
    const number = this.#count;
    const askedAt = now();
    const until = policy.on === 'wait' ? Math.min(askedAt + policy.ms, deadline) : askedAt;
    const ask: Ask = {...content, number, askedAt, until};
    if (policy.on === 'reject') {
      this.#note(ask, 'nobody');
      void this.#rejected(id, NOBODY);
      return;
    }
    // When the delegation runs out of time first, that is its end, and nothing is decided here any more.
    const timer = setTimeout(() => this.#timedOut(number), policy.ms);
    this.#open.set(number, {id, ask, timer, isDecided: false});
    this.#tell();
  }

  /** The agent no longer waits for it. */
  withdrawn(id: string): void {
    for (const open of this.#open.values()) if (open.id === id && !open.isDecided) this.#drop(open);
  }

  /**
   * Answers a request; resolves when the answer is delivered.
   * @throws Refusal when there is no such request, when it is decided already, or when the answer does not fit.
   */
  async answer(reply: Reply): Promise<Decision> {
    const open = this.#find(reply.number);
    const {ask} = open;
    const message = reply.message?.trim() || undefined;
    const isAllowed = reply.decision === 'allow';
    const answers = isAllowed && ask.kind === 'question' ? answersOf(ask.questions, message) : [];
    open.isDecided = true;
    try {
      await this.#options.deliver(
        open.id,
        isAllowed ? {allow: true, answers} : {allow: false, message: message ?? DENIED},
      );
    } catch (error) {
      this.#drop(open);
      throw new Refusal(
        `The answer to request ${ask.number} could not be given: ${messageOf(error)}. If its agent still waits, the request is shown again.`,
        {cause: error},
      );
    }
    const decision = this.#note(ask, isAllowed ? 'allowed' : 'denied', message);
    this.#drop(open);
    return decision;
  }

  /** Nothing is answered any more. */
  close(): void {
    for (const {timer} of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  #find(number: number | undefined): Open {
    const waiting = [...this.#open.values()].filter(({isDecided}) => !isDecided);
    const open = number === undefined ? waiting[0] : waiting.find(({ask}) => ask.number === number);
    if (open !== undefined) return open;
    if (number === undefined) throw new Refusal('It asks for nothing at the moment: nothing was answered.');
    const verdict = this.#decided.get(number) ?? (this.#open.has(number) ? 'being answered' : undefined);
    const known =
      verdict === undefined ? `There is no request ${number}.` : `Request ${number} is ${verdict}.`;
    const rest = waiting.map(({ask}) => ask.number).join(', ');
    throw new Refusal(`${known} ${rest === '' ? 'None is open.' : `Open: ${rest}.`}`);
  }

  #timedOut(number: number): void {
    const open = this.#open.get(number);
    if (open === undefined || open.isDecided) return;
    open.isDecided = true;
    this.#note(open.ask, 'timed-out');
    this.#drop(open);
    void this.#rejected(open.id, TIMED_OUT);
  }

  async #rejected(id: string, message: string): Promise<void> {
    try {
      await this.#options.deliver(id, {allow: false, message});
    } catch {
      // The runner logs what it could not deliver, and shows a request that is still open once more.
    }
  }

  #drop({ask, timer}: Open): void {
    clearTimeout(timer);
    if (this.#open.delete(ask.number)) this.#tell();
  }

  #note({number, what}: Ask, verdict: Ruling, message?: string): Decision {
    const at = this.#options.now();
    const decision = {number, what, verdict, at, ...(message !== undefined && {message})};
    this.#decided.set(number, verdict);
    this.#options.onDecision(decision);
    return decision;
  }

  #tell(): void {
    this.#options.onOpen([...this.#open.values()].map(({ask}) => ask));
  }
}
