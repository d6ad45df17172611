import {messageOf} from '../../base/errors.ts';
import {askedAgain, askedFor} from '../../schema/answer.ts';
import {Asks} from '../asks/asks.ts';
import type {LiveDelegation} from '../live/live.ts';
import type {Delegation} from '../model/delegation.ts';
import type {End, StopCause} from '../model/end.ts';
import {type ModelRefused, NO_PRODUCT, type NothingSent, type Run, type RunRequest} from '../model/run.ts';
import type {Worktree} from '../model/worktree.ts';
import {fitted, misfit, type Unfit} from './fitting.ts';
import type {Limits} from './limits.ts';
import {otherModels} from './other-models.ts';
import {stoppedBy} from './stopping.ts';
import {withWorktreeEnd} from './worktree-end.ts';
import type {Writers} from './writers.ts';

/** So often a delegation is begun whose server goes away each time before anything is sent to the model. */
const ATTEMPTS = 6;

export interface ExecuteOptions {
  readonly writers: Writers;
  readonly limits: Limits;
  readonly now: () => number;
  /** Called when the provider of a model has had too many requests, with the time at which it may be asked again. */
  readonly rateLimited: (model: string, until: number) => void;
}

/**
 * Runs a delegation, and resolves when its session has really stopped: for so long it needs its slot. Its end
 * is told earlier. Does nothing when it has come to an end before it could run.
 */
export async function execute(live: LiveDelegation, options: ExecuteOptions): Promise<void> {
  if (!live.started()) return;
  const {timeoutMs, worktree} = live.record;
  const runsOut = options.now() + timeoutMs;
  const deadline = setTimeout(() => live.stop('timeout'), timeoutMs);
  options.writers.started(live);
  try {
    if (!(await holds(live)) || !(await mayBegin(live, options))) return;
    if (worktree !== undefined && !(await enter(worktree, live))) return;
    await work(live, runsOut, options);
  } finally {
    clearTimeout(deadline);
    options.writers.stopped(live);
  }
}

/** Returns false when agent and model, chosen from memory, are not to be had any more: that is its end then. */
async function holds(live: LiveDelegation): Promise<boolean> {
  const {record, environment} = live;
  const wrong = await Promise.race([
    environment.catalog.check(record),
    // Anyone who begins to work finds out that it is stopped.
    live.stopped.then(() => undefined),
  ]);
  if (wrong !== undefined) await live.end({outcome: 'error', product: NO_PRODUCT, error: wrong});
  return wrong === undefined;
}

/** Returns false when the day has cost as much as it may, which is the delegation's end then. */
async function mayBegin(live: LiveDelegation, {limits}: ExecuteOptions): Promise<boolean> {
  const why = await limits.whyNot(live.environment);
  if (why === undefined) return true;
  const {id, repair} = live.record;
  const error =
    repair === undefined
      ? `It was its turn to start. ${why} Nothing was sent to the model: delegate it again.`
      : `Its answer was to be repaired: ${repair.why}. ${why} The answer is kept as it is. Go on with delegate(continue: "${id}") then.`;
  await live.end({outcome: 'error', product: NO_PRODUCT, error, atLimit: 'day'});
  return false;
}

/** Makes the worktree. Returns false when that failed or was stopped, which is the delegation's end then. */
async function enter(worktree: Worktree, live: LiveDelegation): Promise<boolean> {
  // Anyone who continues has found it ready, and so has anyone who repairs an answer.
  if (live.record.continues !== undefined || live.record.repair !== undefined) return true;
  const abort = new AbortController();
  const stopped = live.stopped.then((cause) => {
    abort.abort();
    return cause;
  });
  try {
    await live.worksIn(await live.environment.worktrees.open(worktree, abort.signal));
    return true;
  } catch (error) {
    if (abort.signal.aborted) {
      const cause = await stopped;
      await live.end({...stoppedBy(cause, live), product: NO_PRODUCT});
    } else {
      const why = `Its worktree could not be made: ${messageOf(error)}.`;
      await live.end({outcome: 'error', product: NO_PRODUCT, error: why});
    }
    return false;
  }
}

/**
 * Runs it, and again for as long as its server goes away before anything was sent to the model, and where its answer is
 * to be repaired.
 */
async function work(live: LiveDelegation, runsOut: number, options: ExecuteOptions): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const {repair} = live.record;
    const isLastRepair = repair !== undefined && attempt >= ATTEMPTS;
    const begun = await workOnce(live, runsOut, {...options, isLastRepair});
    if (begun === undefined) return;
    if (begun.outcome === 'refused') takeAnother(live, begun);
    if (begun.outcome === 'unfit') {
      await live.repairs(begun);
      // Where its agent was not asked at all, it is asked again, but not for ever.
      if (repair === undefined) attempt = 0;
    }
    if (begun.outcome !== 'nothing sent' || attempt < ATTEMPTS) continue;
    const error = `${begun.why} Nothing had been sent to the model, ${ATTEMPTS} times in a row. Delegate it again.`;
    await live.end({outcome: 'interrupted', product: NO_PRODUCT, error});
    return;
  }
}

/** Has the next model of its name take over. A run is only refused where there is one. */
function takeAnother(live: LiveDelegation, {why}: ModelRefused): void {
  const [next] = otherModels(live.record, live.environment);
  if (next !== undefined) live.takes(next, why);
}

/** Resolves when it has stopped: with `undefined`, unless it is to be begun again. */
async function workOnce(
  live: LiveDelegation,
  runsOut: number,
  options: ExecuteOptions & {readonly isLastRepair: boolean},
): Promise<NothingSent | ModelRefused | Unfit | undefined> {
  const {record} = live;
  const {runner, asking} = live.environment;
  const {now, limits, rateLimited, isLastRepair} = options;
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
  const finish = finisher(run, live, options);
  let isStopping = false;
  try {
    // Whichever is first; and while a stop reads what there is, a real end may still come and win.
    const ended = run.end.then(async (end) => {
      if (end.outcome === 'nothing sent' || end.outcome === 'refused') return end;
      // What our own stop makes of it is no end of its own.
      if (isStopping && end.outcome !== 'completed') return undefined;
      const judged = await fitted(end, record);
      if (judged.outcome === 'unfit' && !isStopping && !isLastRepair && judged.product.isRepaired !== true) {
        // To have it repaired costs more, and it has had what it may.
        return limits.stopsAtLimit(live) ? live.stopped : judged;
      }
      await finish(judged.outcome === 'unfit' ? misfit(judged, record) : judged);
      return undefined;
    });
    const cause = await Promise.race([ended, live.stopped]);
    if (typeof cause === 'object') return cause;
    if (cause !== undefined) {
      // At a limit of money, each moment may cost more.
      isStopping = cause === 'limit';
      let {product, isAnswered, isGoingOn} = isStopping ? await run.halt() : await run.snapshot();
      // It was to go on with what it was told, which the limit has cut off.
      if (isStopping && isGoingOn && live.record.messages !== undefined) isAnswered = false;
      // A process that ends has it stop first: what came in the meantime may be the answer, and nobody would look for it
      // afterwards. Anyone who cancels, or has set a time limit, wants the end here and now.
      if (!isAnswered && cause === 'interrupted') {
        isStopping = true;
        ({product, isAnswered} = await run.halt());
      }
      const end = stoppedBy(cause, live);
      const why = [end.error, run.trouble].filter((sentence) => sentence !== undefined);
      // What became of it is stored where the next host can ask for it.
      const judged = isAnswered ? await fitted({outcome: 'completed', product}, record) : undefined;
      const isForNext = judged?.outcome === 'unfit' && judged.product.isRepaired !== true;
      if (cause === 'interrupted' && (run.isNotKnown || isForNext)) live.leave();
      else if (judged !== undefined)
        await finish(judged.outcome === 'unfit' ? misfit(judged, record, end) : judged);
      else await finish({...end, product, error: why.join(' ')});
    }
    return undefined;
  } finally {
    asks.close();
    detach();
    await run.stop();
  }
}

/** What ends a delegation. The first end wins; what was done in a worktree is brought home before it is told. */
function finisher(
  run: Run,
  live: LiveDelegation,
  {writers}: ExecuteOptions,
): (end: End) => Promise<Delegation> {
  let ending: Promise<Delegation> | undefined;
  const finish = async (end: End): Promise<Delegation> => {
    if (live.record.worktree === undefined) {
      return live.end({...end, alsoChanged: writers.ended(live, end.product.work.filesChanged)});
    }
    // Nothing may write any more to what is being committed.
    await run.stop();
    return live.end(await withWorktreeEnd(end, live.record, live.environment.worktrees));
  };
  return (end) => {
    ending ??= finish(end);
    return ending;
  };
}

function requestOf(record: Delegation, deadline: number): RunRequest {
  const {worktree, parent, continues, trusted, messages = [], expect, repair} = record;
  const unread = messages.filter(({readAt}) => readAt === undefined);
  const session = repair?.sessionId ?? continues?.sessionId;
  return {
    delegationId: record.id,
    directory: worktree?.directory ?? record.directory,
    access: record.access,
    agent: record.agent,
    model: record.model,
    ...(expect !== undefined && repair !== undefined
      ? {prompt: askedAgain(expect, repair.why), isRepair: true}
      : {prompt: record.prompt, ...(expect !== undefined && {besides: askedFor(expect)})}),
    messages: unread.map(({number, text}) => ({number, text})),
    title: record.title,
    deadline,
    ...(worktree !== undefined && {checkout: worktree.checkout}),
    ...(trusted !== undefined && {trusted}),
    ...(parent !== undefined && {parentSession: parent.session}),
    ...(session !== undefined && {continues: session}),
  };
}

/** Stops a delegation: a queued one ends here and now, a running one is ended by its execution. */
export function stopRun(live: LiveDelegation, cause: StopCause): void {
  live.stop(cause);
  if (live.record.state.status === 'running') return;
  const end = stoppedBy(cause, live);
  void live.end({...end, product: NO_PRODUCT, error: `${end.error} It had not started to run.`});
}
