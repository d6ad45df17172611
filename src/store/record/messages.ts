import * as z from 'zod';
import type {SentMessage} from '../../delegation/model/message.ts';
import {iso, time} from './time.ts';

/** The front matter of what a delegation was told, in the order of its numbers. */
export const messagesMatter = z.array(z.object({text: z.string(), at: time, read: time.optional()}));

export function toMessages(matter: z.output<typeof messagesMatter>): readonly SentMessage[] {
  return matter.map(({text, at, read}, n) => ({
    ...{number: n + 1, text, at},
    ...(read !== undefined && {readAt: read}),
  }));
}

export function fromMessages(messages: readonly SentMessage[]): z.input<typeof messagesMatter> {
  return messages.map(({text, at, readAt}) => ({
    ...{text, at: iso(at)},
    ...(readAt !== undefined && {read: iso(readAt)}),
  }));
}
