import type {MessageText} from '../../delegation/model/message.ts';
import type {Transcript, TranscriptMessage} from './transcript.ts';

/** Where a prompt's own text part says whose it is: the key in its metadata. */
const MARK = 'delegation';
/** Where a text part says which message to the delegation it is. */
const MESSAGE = 'message';
/** And that it asks for the answer once more. */
const REPAIR = 'repair';

/** Which part of a session's messages is a delegation's own. */
export interface Turn {
  readonly delegationId: string;
  /** True when the session had messages before. */
  readonly isContinued: boolean;
}

/** The prompt as it is sent: marked, so that its turn is found again among all others of its session. */
export function promptPart(delegationId: string, text: string) {
  return {type: 'text' as const, text, metadata: {[MARK]: delegationId}};
}

/** What asks for its answer once more, as it is sent: it belongs to the turn that it is about. */
export function repairPart(delegationId: string, text: string) {
  return {type: 'text' as const, text, metadata: {[MARK]: delegationId, [REPAIR]: true}};
}

/** What a delegation is told later, as it is sent: its own as well, and known by its number. */
export function messagePart(delegationId: string, {number, text}: MessageText) {
  return {type: 'text' as const, text, metadata: {[MARK]: delegationId, [MESSAGE]: number}};
}

/**
 * The messages of a delegation's own turn: from its prompt to the next delegation's. Where the prompt is not
 * there, a new session is all its own, and in a continued one nothing is.
 */
export function turnOf(transcript: Transcript, {delegationId, isContinued}: Turn): Transcript {
  const start = transcript.findIndex((message) => delegationOf(message) === delegationId);
  if (start === -1) return isContinued ? [] : transcript;
  // After a compaction OpenCode may send the prompt once more.
  const next = transcript.findIndex(
    (message, n) => n > start && ![delegationId, undefined].includes(delegationOf(message)),
  );
  return transcript.slice(start, next === -1 ? undefined : next);
}

/** The delegation whose prompt it is, or which it tells something. */
export function delegationOf(message: TranscriptMessage): string | undefined {
  for (const {[MARK]: mark} of marksIn(message)) if (typeof mark === 'string') return mark;
  return undefined;
}

/** True for what is told a delegation after its prompt. */
export function isLater(message: TranscriptMessage): boolean {
  const marks = marksIn(message).filter(({[MARK]: mark}) => typeof mark === 'string');
  return marks.length > 0 && marks.every((mark) => MESSAGE in mark || REPAIR in mark);
}

/** The numbers of the messages that stand in the turn. */
export function numbersIn(turn: Transcript): readonly number[] {
  const numbers = turn.flatMap(marksIn).map(({[MESSAGE]: number}) => number);
  return [...new Set(numbers.filter((number) => typeof number === 'number'))];
}

/** Where the last step begins that the model was asked for; -1 where it was not asked yet. */
function lastAsked(turn: Transcript): number {
  // OpenCode makes the message before it asks, and gives it a part when the model begins to answer.
  return turn.findLastIndex(
    ({info, parts}) => info.role === 'assistant' && info.summary !== true && parts.length > 0,
  );
}

/** The numbers of the messages that the agent was given. */
export function heardIn(turn: Transcript): readonly number[] {
  return numbersIn(turn.slice(0, Math.max(0, lastAsked(turn))));
}

/** True when the turn has something that asks for its answer once more. */
export function hasRepair(turn: Transcript): boolean {
  return turn.some((message) => marksIn(message).some((mark) => REPAIR in mark));
}

/** True when the agent was asked for its answer once more, also where its provider refused that. */
export function isRepairedIn(turn: Transcript): boolean {
  const refused = turn.findLastIndex(
    ({info}) =>
      info.role === 'assistant' && info.error !== undefined && info.error.name !== 'MessageAbortedError',
  );
  return hasRepair(turn.slice(0, Math.max(0, lastAsked(turn), refused)));
}

/** The turn from the last thing on that the agent was told and given: what it wrote before is not its answer. */
export function sinceToldIn(turn: Transcript): Transcript {
  const asked = lastAsked(turn);
  const start = turn.findLastIndex((message, n) => n < asked && isLater(message));
  return start === -1 ? turn : turn.slice(start);
}

function marksIn({info, parts}: TranscriptMessage): readonly Readonly<Record<string, unknown>>[] {
  if (info.role !== 'user') return [];
  return parts.flatMap((part) =>
    part.type === 'text' && part.metadata !== undefined ? [part.metadata] : [],
  );
}
