import * as z from 'zod';
import {noticeOf} from './opencode.ts';

/** What this plugin hears of, out of all that happens in OpenCode. */
export type Heard =
  | {readonly is: 'idle' | 'deleted'; readonly session: string}
  | {readonly is: 'call stored'; readonly tool: string; readonly call: string}
  | {readonly is: 'notice stored'; readonly session: string; readonly key: string}
  | {readonly is: 'summarizing'; readonly session: string; readonly message: string};

const idle = z.object({sessionID: z.string()});
const deleted = z.object({info: z.object({id: z.string()})});
const part = z.object({part: z.looseObject({type: z.literal('text'), sessionID: z.string()})});
const call = z.object({
  part: z.object({
    type: z.literal('tool'),
    tool: z.string(),
    callID: z.string(),
    state: z.object({status: z.literal('running')}),
  }),
});
const summary = z.object({
  info: z.object({
    id: z.string(),
    sessionID: z.string(),
    role: z.literal('assistant'),
    summary: z.literal(true),
  }),
});

/** Understands an event; `undefined` for all that do not matter here, which is nearly every one. */
export function heard({type, properties}: {type: string; properties?: unknown}): Heard | undefined {
  switch (type) {
    case 'session.idle': {
      const {data} = idle.safeParse(properties);
      return data && {is: 'idle', session: data.sessionID};
    }
    case 'session.deleted': {
      const {data} = deleted.safeParse(properties);
      return data && {is: 'deleted', session: data.info.id};
    }
    case 'message.part.updated':
      return storedPart(properties);
    case 'message.updated': {
      const {data} = summary.safeParse(properties);
      return data && {is: 'summarizing', session: data.info.sessionID, message: data.info.id};
    }
    default:
      return undefined;
  }
}

function storedPart(properties: unknown): Heard | undefined {
  const called = call.safeParse(properties).data?.part;
  if (called !== undefined) return {is: 'call stored', tool: called.tool, call: called.callID};
  const said = part.safeParse(properties).data?.part;
  const key = said && noticeOf(said);
  return key === undefined || said === undefined
    ? undefined
    : {is: 'notice stored', session: said.sessionID, key};
}
