import type {SentMessage} from '../../delegation/model/message.ts';
import type {MessagesMatter, WrittenMessages} from './schema.ts';
import {iso} from './time.ts';

export function toMessages(matter: MessagesMatter): readonly SentMessage[] {
  return matter.map(({text, at, read}, n) => ({
    ...{number: n + 1, text, at},
    ...(read !== undefined && {readAt: read}),
  }));
}

export function fromMessages(messages: readonly SentMessage[]): WrittenMessages {
  return messages.map(({text, at, readAt}) => ({
    ...{text, at: iso(at)},
    ...(readAt !== undefined && {read: iso(readAt)}),
  }));
}
