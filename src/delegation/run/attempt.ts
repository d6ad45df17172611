import {Asks} from '../asks/asks.ts';
import type {LiveDelegation} from '../live/live.ts';
import type {Delegation} from '../model/delegation.ts';
import type {End, StopCause} from '../model/end.ts';
import type {ModelRefused, NothingSent, Run, Snapshot} from '../model/run.ts';
import {fitted, misfit, type Unfit} from './fitting.ts';
import type {Limits} from './limits.ts';
import {otherModels} from './other-models.ts';
import {requestOf} from './run-request.ts';
import {stoppedBy} from './stopping.ts';
import {withWorktreeEnd} from './worktree-end.ts';
import type {Writers} from './writers.ts';

export interface AttemptOptions {
  readonly writers: Writers;
  readonly limits: Limits;
  readonly now: () => number;
  /** Called when the provider of a model has had too many requests, with the time at which it may be asked again. */
  readonly rateLimited: (model: string, until: number) => void;
  /** When the delegation runs out of time, in milliseconds since the epoch. */
  readonly runsOut: number;
  /** True where an answer that does not fit is its end in any case. */
  readonly isLastRepair: boolean;
}

/** Why a delegation has to be run once more. */
export type RunAgain = NothingSent | ModelRefused | Unfit;

/** Runs a delegation once. Resolves when it has stopped: with `undefined`, unless it is to be run again. */
export function attempt(live: LiveDelegation, options: AttemptOptions): Promise<RunAgain | undefined> {
  return new Attempt(start(live, options), live, options).outcome();
}

interface Started {
  readonly run: Run;
  /** The delegation has no agent any more. */
  readonly release: () => void;
}

/** Starts the run, which is the delegation's agent until it is released. */
function start(live: LiveDelegation, {runsOut, now, limits, rateLimited}: AttemptOptions): Started {
  const {record} = live;
  const {runner, asking} = live.environment;
  const asks: Asks = new Asks({
    policy: asking,
    now,
    deadline: runsOut,
    deliver: (id, reply) => run.reply(id, reply),
    onOpen: (open) => live.blocked(open),
    onDecision: (decision) => {
      live.additions.decided(decision);
      const {verdict, what, at} = decision;
      if (verdict !== 'allowed') live.worked({...live.activity, last: `refused: ${what}`, at});
    },
  });
  const givesWay = otherModels(record, live.environment).length > 0;
  const run = runner.start(
    {...requestOf(record, runsOut), ...(givesWay && {givesWay})},
    {
      sessionOpened: (sessionId) => live.sessionOpened(sessionId),
      activity: (activity) => {
        live.worked(activity);
        limits.worked(live);
      },
      asked: (id, content) => asks.asked(id, content),
      withdrawn: (id) => asks.withdrawn(id),
      heard: (numbers) => live.additions.heard(numbers),
      rateLimited,
    },
  );
  const detach = live.runsThrough({
    asks,
    conversation: () => run.conversation(),
    tell: (words) => run.tell(words),
  });
  const release = () => {
    asks.close();
    detach();
  };
  return {run, release};
}

/** One run of a delegation: it comes to an end by itself, or is stopped, whichever is first. */
class Attempt {
  readonly #run: Run;
  readonly #release: () => void;
  readonly #live: LiveDelegation;
  readonly #options: AttemptOptions;
  #ending: Promise<Delegation> | undefined;
  /** True once we have the run stop, and take what comes of that for no end of its own. */
  #isStopping = false;

  constructor({run, release}: Started, live: LiveDelegation, options: AttemptOptions) {
    this.#run = run;
    this.#release = release;
    this.#live = live;
    this.#options = options;
  }

  /** As {@link attempt}. */
  async outcome(): Promise<RunAgain | undefined> {
    try {
      // While a stop reads what there is, a real end may still come and win.
      const cause = await Promise.race([this.#ended(), this.#live.stopped]);
      if (typeof cause === 'object') return cause;
      if (cause !== undefined) await this.#stoppedBy(cause);
      return undefined;
    } finally {
      this.#release();
      await this.#run.stop();
    }
  }

  async #ended(): Promise<RunAgain | StopCause | undefined> {
    const {limits, isLastRepair} = this.#options;
    const end = await this.#run.end;
    if (end.outcome === 'nothing sent' || end.outcome === 'refused') return end;
    if (this.#isStopping && end.outcome !== 'completed') return undefined;
    const judged = await fitted(end, this.#live.record);
    if (
      judged.outcome === 'unfit' &&
      !this.#isStopping &&
      !isLastRepair &&
      judged.product.isRepaired !== true
    ) {
      // To have it repaired costs more, and it has had what it may.
      return limits.stopsAtLimit(this.#live) ? this.#live.stopped : judged;
    }
    await this.#finish(judged.outcome === 'unfit' ? misfit(judged, this.#live.record) : judged);
    return undefined;
  }

  async #stoppedBy(cause: StopCause): Promise<void> {
    const [run, live] = [this.#run, this.#live];
    const {product, isAnswered} = await this.#produced(cause);
    const end = stoppedBy(cause, live);
    const why = [end.error, run.trouble].filter((sentence) => sentence !== undefined);
    // What became of it is stored where the next host can ask for it.
    const judged = isAnswered ? await fitted({outcome: 'completed', product}, live.record) : undefined;
    const isForNext = judged?.outcome === 'unfit' && judged.product.isRepaired !== true;
    if (cause === 'interrupted' && (run.isNotKnown || isForNext)) live.leave();
    else if (judged !== undefined)
      await this.#finish(judged.outcome === 'unfit' ? misfit(judged, live.record, end) : judged);
    else await this.#finish({...end, product, error: why.join(' ')});
  }

  /** What there is of a run that is stopped, and whether that is its answer. */
  async #produced(cause: StopCause): Promise<Pick<Snapshot, 'product' | 'isAnswered'>> {
    // At a limit of money, each moment may cost more.
    this.#isStopping = cause === 'limit';
    const {product, isAnswered, isGoingOn} = await (this.#isStopping
      ? this.#run.halt()
      : this.#run.snapshot());
    // It was to go on with what it was told, which the limit has cut off.
    const isCutOff = this.#isStopping && isGoingOn && this.#live.record.messages !== undefined;
    if (isCutOff) return {product, isAnswered: false};
    // A process that ends has it stop first: what came in the meantime may be the answer, and nobody would look for it
    // afterwards. Anyone who cancels, or has set a time limit, wants the end here and now.
    if (isAnswered || cause !== 'interrupted') return {product, isAnswered};
    this.#isStopping = true;
    return this.#run.halt();
  }

  /** Ends the delegation. The first end wins. */
  #finish(end: End): Promise<Delegation> {
    this.#ending ??= this.#end(end);
    return this.#ending;
  }

  /** What was done in a worktree is brought home before the end is told. */
  async #end(end: End): Promise<Delegation> {
    const live = this.#live;
    if (live.record.worktree === undefined) {
      const alsoChanged = this.#options.writers.ended(live, end.product.work.filesChanged);
      return live.end({...end, alsoChanged});
    }
    // Nothing may write any more to what is being committed.
    await this.#run.stop();
    return live.end(await withWorktreeEnd(end, live.record, live.environment.worktrees));
  }
}
