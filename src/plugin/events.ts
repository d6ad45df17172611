import * as z from 'zod';
import {noticeOf} from './opencode.ts';

/** What this plugin hears of, out of all that happens in OpenCode. */
export type Heard =
  | {readonly is: 'idle' | 'deleted'; readonly session: string}
  | {readonly is: 'notice stored'; readonly session: string; readonly key: string}
  | {readonly is: 'summarizing'; readonly session: string; readonly message: string};

const idle = z.object({sessionID: z.string()});
const deleted = z.object({info: z.object({id: z.string()})});
const part = z.object({part: z.looseObject({type: z.literal('text'), sessionID: z.string()})});
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
    case 'message.part.updated': {
      const {data} = part.safeParse(properties);
      const key = data && noticeOf(data.part);
      return key === undefined || data === undefined
        ? undefined
        : {is: 'notice stored', session: data.part.sessionID, key};
    }
    case 'message.updated': {
      const {data} = summary.safeParse(properties);
      return data && {is: 'summarizing', session: data.info.sessionID, message: data.info.id};
    }
    default:
      return undefined;
  }
}
