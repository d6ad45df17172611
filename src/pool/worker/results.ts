import {type Delegation, hasEnded, NO_STATS} from '../../delegation/model/delegation.ts';
import {type JobResult, LETTERS_VERSION} from '../mail/letters.ts';
import type {Mirror} from './mirror.ts';

/** The result of what could not be begun, with why. */
export function refusedResult(error: string): JobResult {
  return {
    v: LETTERS_VERSION,
    outcome: 'error',
    product: {text: '', work: writable(NO_STATS)},
    error,
    notes: [],
  };
}

/** Why it was not done, where its worker was told to end. What there is of it has come home. */
const TOLD_TO_END =
  'Its worker was told to end before it was done. Go on with continue, on any worker: nothing is run again by itself.';

/** The result of a delegation that has ended here, in the owner's words for it. */
export function resultOf(
  record: Delegation,
  {id, mirror, isDraining}: {id: string; mirror: Pick<Mirror, 'heardIn' | 'takenBy'>; isDraining: boolean},
): JobResult {
  const {state, text, worktree} = record;
  if (!hasEnded(state)) throw new Error(`${record.id} has not ended`);
  // Where the owner's id was in use here, the worker's is another one.
  const named = (words: string) => words.replaceAll(record.id, id);
  const kept = worktree?.outcome?.is === 'kept' ? worktree.outcome : undefined;
  const isStopped = isDraining && state.status === 'interrupted';
  return {
    v: LETTERS_VERSION,
    outcome: state.status,
    product: {text, work: writable(state.work), heard: mirror.heardIn(record)},
    ...(state.error !== undefined && {error: isStopped ? TOLD_TO_END : named(state.error)}),
    ...(state.atLimit !== undefined && {atLimit: state.atLimit}),
    ...(state.sessionId !== undefined && {sessionId: state.sessionId}),
    ...(state.startedAt !== undefined && {startedAt: state.startedAt}),
    endedAt: state.endedAt,
    ...(state.startedAt !== undefined && {by: mirror.takenBy(record)}),
    notes: (kept?.notes ?? []).map(named),
  };
}

function writable(work: typeof NO_STATS): JobResult['product']['work'] {
  const {usage, filesChanged, refused, ...rest} = work;
  return {...rest, usage: {...usage}, filesChanged: [...filesChanged], refused: [...refused]};
}

/** What is to be known of a branch stands with it; where none comes, it is to be known of the answer. */
export function withHarvest(
  result: JobResult,
  harvest: (Pick<JobResult, 'notes'> & Partial<Pick<JobResult, 'harvest'>>) | undefined,
): JobResult {
  const notes = [...result.notes, ...(harvest?.notes ?? [])];
  if (harvest?.harvest !== undefined) return {...result, harvest: harvest.harvest, notes};
  if (notes.length === 0) return result;
  const {product} = result;
  const {caveat} = product.work;
  const said = [...(caveat === undefined ? [] : [caveat]), ...notes].join(' ');
  return {...result, notes: [], product: {...product, work: {...product.work, caveat: said}}};
}

/** What its branch points at; `undefined` where nothing was changed. */
export function harvestOf({worktree}: Delegation): string | undefined {
  const outcome = worktree?.outcome;
  return outcome?.is === 'kept' && outcome.commit !== worktree?.base ? outcome.commit : undefined;
}
