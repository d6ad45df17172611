import * as z from 'zod';
import {type Answering, answeringOf, noticeOf} from './user-opencode.ts';

/** What this plugin hears of, out of all that happens in OpenCode. */
export type Heard =
  | {readonly is: 'idle' | 'deleted'; readonly session: string}
  | {readonly is: 'call stored'; readonly tool: string; readonly call: string}
  | {readonly is: 'notice stored'; readonly session: string; readonly key: string}
  | {readonly is: 'changed'; readonly session: string; readonly isChild: boolean}
  | {readonly is: 'answering'; readonly session: string; readonly message: Answering}
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
const changed = z.object({info: z.object({id: z.string(), parentID: z.string().optional()})});
const answer = z.object({
  info: z.looseObject({
    id: z.string(),
    sessionID: z.string(),
    role: z.literal('assistant'),
    summary: z.boolean().optional(),
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
    case 'session.created':
    case 'session.updated': {
      const info = changed.safeParse(properties).data?.info;
      return info && {is: 'changed', session: info.id, isChild: info.parentID !== undefined};
    }
    case 'message.updated':
      return answering(properties);
    default:
      return undefined;
  }
}

function answering(properties: unknown): Heard | undefined {
  const info = answer.safeParse(properties).data?.info;
  if (info?.summary === true) return {is: 'summarizing', session: info.sessionID, message: info.id};
  const message = answeringOf(info);
  return info && message && {is: 'answering', session: info.sessionID, message};
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
