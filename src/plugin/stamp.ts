import * as z from 'zod';
import {SHOWN_KEY, type Shown, type Stamp, TOLD_KEY} from '../delegation/stamp.ts';
import type {OpenCode} from './opencode.ts';

/** Who calls, as far as that is known without asking. */
export function callerIn(session: string): Stamp {
  return {session, pid: process.pid, isChild: false};
}

/** Who delegates, as it is written into the arguments of a call. */
export async function stampOf(session: string, opencode: OpenCode): Promise<Stamp> {
  const caller = callerIn(session);
  const [isChild, message] = await Promise.all([opencode.isChild(session), opencode.currentMessage(session)]);
  if (message === undefined) return {...caller, isChild};
  const {id, agent, model, variant} = message;
  return {
    ...caller,
    isChild,
    message: id,
    ...(agent !== undefined && {agent}),
    ...(model !== undefined && {model: `${model.providerID}/${model.modelID}`}),
    ...(variant !== undefined && {variant}),
  };
}

const result = z.object({
  _meta: z.object({
    [TOLD_KEY]: z.string().optional(),
    [SHOWN_KEY]: z.object({id: z.string(), request: z.int()}).optional(),
  }),
});

/** What the answer of one of our tools has told and shown the model. */
export interface Disclosed {
  /** The delegation whose end it has told. */
  readonly told?: string;
  /** The requests of a delegation that it has shown. */
  readonly shown?: Shown;
}

export function disclosedIn(answer: unknown): Disclosed {
  const meta = result.safeParse(answer).data?._meta;
  const {[TOLD_KEY]: told, [SHOWN_KEY]: shown} = meta ?? {};
  return {...(told !== undefined && {told}), ...(shown !== undefined && {shown})};
}
