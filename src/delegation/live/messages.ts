import {shorten} from '../../base/errors.ts';
import {quoted} from '../../base/safe-text.ts';
import type {Delegation, RunStats} from '../model/delegation.ts';
import type {SentMessage} from '../model/message.ts';
import type {Product} from '../model/run.ts';

/** More of a message is not repeated: the record has all of it. */
const SHOWN_CHARS = 60;

type Messages = Pick<Delegation, 'messages'>;

/** The messages with one more. */
export function withMessage(
  {messages = []}: Messages,
  given: Pick<SentMessage, 'text' | 'at'>,
): SentMessage[] {
  return [...messages, {number: messages.length + 1, ...given}];
}

/** The messages when the agent was given some of them; the very same where that is known. */
export function withHeard(
  messages: readonly SentMessage[],
  {numbers, at}: {readonly numbers: readonly number[]; readonly at: number},
): readonly SentMessage[] {
  const isNew = ({number, readAt}: SentMessage) => readAt === undefined && numbers.includes(number);
  if (!messages.some(isNew)) return messages;
  return messages.map((message) => (isNew(message) ? {...message, readAt: at} : message));
}

/** What is kept at the end: which messages the agent was given, and, for who reads the answer, which it was not. */
export function messagesAtEnd(
  {messages}: Messages,
  {product, work, at}: {readonly product: Product; readonly work: RunStats; readonly at: number},
): Messages & {readonly work: RunStats} {
  if (messages === undefined) return {work};
  const known = withHeard(messages, {numbers: product.heard ?? [], at});
  const unread = known.filter(({readAt}) => readAt === undefined);
  if (unread.length === 0) return {messages: known, work};
  const caveats = [work.caveat, unreadCaveat(unread)].filter((caveat) => caveat !== undefined);
  return {messages: known, work: {...work, caveat: caveats.join(' ')}};
}

function unreadCaveat(unread: readonly SentMessage[]): string {
  const [first] = unread;
  const said = shorten(quoted(first?.text ?? ''), SHOWN_CHARS);
  const more = unread.length === 1 ? '' : ` and ${unread.length - 1} more`;
  return `It ended before its agent was given what it was told ("${said}"${more}). delegate with its id as continue has the agent go on: say it again.`;
}
