import type {LiveDelegation} from '../live/live.ts';
import {type ModelRefused, NO_PRODUCT} from '../model/run.ts';
import {type AttemptOptions, attempt} from './attempt.ts';
import {otherModels} from './other-models.ts';
import {makeReady} from './readiness.ts';

/** So often a delegation is begun whose server goes away each time before anything is sent to the model. */
const ATTEMPTS = 6;

export type ExecuteOptions = Omit<AttemptOptions, 'runsOut' | 'isLastRepair'>;

/**
 * Runs a delegation, and resolves when its session has really stopped: for so long it needs its slot. Its end
 * is told earlier. Does nothing when it has come to an end before it could run.
 */
export async function execute(live: LiveDelegation, options: ExecuteOptions): Promise<void> {
  if (!live.started()) return;
  const {timeoutMs} = live.record;
  const runsOut = options.now() + timeoutMs;
  const deadline = setTimeout(() => live.stop('timeout'), timeoutMs);
  options.writers.started(live);
  try {
    if (await makeReady(live, options.limits)) await work(live, {...options, runsOut});
  } finally {
    clearTimeout(deadline);
    options.writers.stopped(live);
  }
}

/**
 * Runs it, and again for as long as its server goes away before anything was sent to the model, and where its answer is
 * to be repaired.
 */
async function work(live: LiveDelegation, options: Omit<AttemptOptions, 'isLastRepair'>): Promise<void> {
  for (let tries = 1; ; tries++) {
    const {repair} = live.record;
    const isLastRepair = repair !== undefined && tries >= ATTEMPTS;
    const again = await attempt(live, {...options, isLastRepair});
    if (again === undefined) return;
    if (again.outcome === 'refused') takeAnother(live, again);
    if (again.outcome === 'unfit') {
      await live.repairs(again);
      // Where its agent was not asked at all, it is asked again, but not for ever.
      if (repair === undefined) tries = 0;
    }
    if (again.outcome !== 'nothing sent' || tries < ATTEMPTS) continue;
    const error = `${again.why} Nothing had been sent to the model, ${ATTEMPTS} times in a row. Delegate it again.`;
    await live.end({outcome: 'interrupted', product: NO_PRODUCT, error});
    return;
  }
}

/** Has the next model of its name take over. A run is only refused where there is one. */
function takeAnother(live: LiveDelegation, {why}: ModelRefused): void {
  const [next] = otherModels(live.record, live.environment);
  if (next !== undefined) live.takes(next, why);
}
