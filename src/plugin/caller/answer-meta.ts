import * as z from 'zod';
import {SHOWN_KEY, type Shown, TOLD_KEY} from '../../contract/stamp.ts';

const result = z.object({
  _meta: z.object({
    [TOLD_KEY]: z.string().optional(),
    [SHOWN_KEY]: z.object({id: z.string(), request: z.int()}).optional(),
  }),
});

/** What the answer of one of our tools has told and shown the model. */
export interface AnswerMeta {
  /** The delegation whose end it has told. */
  readonly told?: string;
  /** The requests of a delegation that it has shown. */
  readonly shown?: Shown;
}

export function answerMetaIn(answer: unknown): AnswerMeta {
  const meta = result.safeParse(answer).data?._meta;
  const {[TOLD_KEY]: told, [SHOWN_KEY]: shown} = meta ?? {};
  return {...(told !== undefined && {told}), ...(shown !== undefined && {shown})};
}
