import {judgeAnswer} from '../../schema/answer.ts';
import type {Delegation} from '../model/delegation.ts';
import type {End} from '../model/end.ts';
import type {Product} from '../model/run.ts';

/** An answer that does not fit the schema that was asked for. */
export interface Unfit {
  readonly outcome: 'unfit';
  readonly product: Product;
  /** What does not fit. */
  readonly why: string;
}

/** The end of a run with its answer checked, where that has to fit a schema: what fits is the value alone. */
export async function fitted(end: End, {expect}: Delegation): Promise<End | Unfit> {
  if (expect === undefined || end.outcome !== 'completed') return end;
  const {product} = end;
  const judged = await judgeAnswer(product.text, expect);
  return 'text' in judged
    ? {...end, product: {...product, text: judged.text}}
    : {outcome: 'unfit', product, why: judged.why};
}

/**
 * How a delegation ends whose answer does not fit, and is not repaired any more.
 *
 * @param limit the end at the limit that keeps it from being repaired, where there is one.
 */
export function misfit(
  {product, why}: Unfit,
  {id}: Pick<Delegation, 'id'>,
  limit?: Pick<End, 'error' | 'atLimit'>,
): End {
  const again = product.isRepaired === true ? ', also after its agent was asked once to repair it' : '';
  const unfit = `Its answer does not fit the schema that was expected${again}: ${why}. The answer is kept as it is.`;
  if (limit?.atLimit !== undefined) {
    return {outcome: 'error', product, error: `${limit.error} ${unfit}`, atLimit: limit.atLimit};
  }
  const error = `${unfit} delegate(continue: "${id}", prompt, expect) has its agent go on.`;
  return {outcome: 'error', product, error};
}
