import {z} from 'zod';
import {SESSION_ID} from '../delegation/delegation.ts';
import {STAMP_KEY, type Stamp} from '../delegation/stamp.ts';
import type {Logger} from '../log.ts';

const schema = z.object({
  session: z.string().regex(SESSION_ID),
  pid: z.int().positive(),
  message: z.string().optional(),
  agent: z.string().optional(),
  model: z.string().includes('/').optional(),
  variant: z.string().optional(),
  isChild: z.boolean().default(false),
});

/** Who calls, as the companion plugin says. Only OpenCode has it; a stamp that does not fit is as none. */
export function stampOf(input: Readonly<Record<string, unknown>>, log: Logger): Stamp | undefined {
  const given = input[STAMP_KEY];
  if (given === undefined) return undefined;
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    log.warn(`the caller's stamp is ignored: ${z.prettifyError(parsed.error)}`);
    return undefined;
  }
  const {session, pid, isChild, ...rest} = parsed.data;
  const known = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {session, pid, isChild, ...Object.fromEntries(known)};
}
