import {NO_PRODUCT, type Product, type RunEnd} from '../../delegation/model/run.ts';
import type {CollectedNote, FromWorker, JobResult} from '../mail/letters.ts';
import type {JobStanding} from '../queue/queue.ts';

/** What a worker has said whose job was lost. */
export type LateAnswer = Extract<FromWorker, {is: 'late'}>;

/** The end that a worker has given a delegation, as a run tells it. */
export function endOfJob({outcome, product, error, atLimit}: JobResult): RunEnd {
  if (outcome === 'completed') return {outcome, product};
  const why = error ?? 'Its worker did not say why.';
  if (outcome === 'interrupted') return {outcome, product, error: why};
  return {outcome, product, error: why, ...(atLimit !== undefined && {atLimit})};
}

/** The end of one whose worker is gone. */
export function lostEnd({worker, why}: Extract<JobStanding, {is: 'lost'}>, product: Product): RunEnd {
  if (worker === undefined) {
    const error = `No worker of the pool has begun it: ${why}. Nothing was sent to a model. Delegate it again, or run a worker that serves this repository.`;
    return {outcome: 'interrupted', product, error};
  }
  const error = `The pool has lost its worker ${worker}: ${why}. It is not run again by itself, as it may have cost money and changed files. What its last checkpoint had is here. Go on from there with continue.`;
  return {outcome: 'interrupted', product, error};
}

/** The end of one of which nothing more will come. */
export function unreadableEnd(why: string, product: Product): RunEnd {
  return {outcome: 'interrupted', product, error: `Nothing more comes of it from the pool: ${why}.`};
}

/** The end of one that another machine of the owner's has taken. */
export function collectedEnd({host, at, id, directory, outcome, branch}: CollectedNote): RunEnd {
  const andBranch = branch === undefined ? '' : `, with the branch ${branch}`;
  const error = `Your machine ${host} has collected it at ${new Date(at).toISOString()}. It is ${id} in ${directory} there: ${outcome}${andBranch}. It did not run twice.`;
  return {outcome: 'interrupted', product: NO_PRODUCT, error};
}

/** What there is of one whose worker is lost, with the answer that this worker has given too late. */
export function withLate(product: Product, late: LateAnswer | undefined): Product {
  if (late === undefined || late.product.text === '') return product;
  return {...product, text: textWithLate(product.text, late)};
}

/** A text with a late answer below it, marked as such. The same answer once more changes nothing. */
export function textWithLate(text: string, {outcome, product, at}: LateAnswer): string {
  const when = at === undefined ? '' : ` at ${new Date(at).toISOString()}`;
  const mark = `(Came too late${when}, as ${outcome}: the pool had taken its worker for lost. It is no end of this delegation.)`;
  const said = `${mark}\n\n${product.text}`;
  if (text.includes(said)) return text;
  return text === '' ? said : `${text}\n\n${said}`;
}
