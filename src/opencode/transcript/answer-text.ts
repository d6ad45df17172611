import type {AssistantMessage} from '@opencode-ai/sdk/v2/client';
import {othersWordsIn} from './others-words.ts';
import {type Transcript, type TranscriptMessage, textOf, toolParts} from './transcript.ts';
import {isLater, sinceToldIn} from './turn.ts';

/** A text of at least this length before the closing one is a report, and no remark between two tool calls. */
const REPORT_CHARS = 500;
/** A closing text below this length says that the work is done, and seldom what came of it. */
const CLOSING_CHARS = 100;
/** Before such a closing text, the last text of at least this length is what came of the work. */
const FINDING_CHARS = 150;
/** A text below this length may stand in another one by chance. */
const REPEATED_CHARS = 12;
/** Tools with which an agent keeps notes for itself: what it writes beside their calls is no remark on the way. */
const NOTE_TOOLS = new Set(['todowrite', 'todoread']);

/** The agent's own steps between two things that had it go on: compactions, messages to it, and words of somebody else. */
export type Stretch = readonly TranscriptMessage[];

/**
 * The agent's own steps, as compactions, messages and others' words part them, from the last message on that it was
 * given. There is at least one stretch.
 */
export function stretchesOf(transcript: Transcript): readonly Stretch[] {
  const words = othersWordsIn(transcript);
  const stretches: TranscriptMessage[][] = [[]];
  for (const message of sinceToldIn(transcript)) {
    if (isCompaction(message) || isLater(message) || words.includes(message)) stretches.push([]);
    if (message.info.role === 'assistant' && message.info.summary !== true) stretches.at(-1)?.push(message);
  }
  return stretches;
}

/** The message with which OpenCode begins a compaction. */
export function isCompaction({parts}: TranscriptMessage): boolean {
  return parts.some(({type}) => type === 'compaction');
}

/** True where the step ends a turn: OpenCode asks again after one that says nothing of its end, or wants tools. */
export function endsTurn({time, finish, error}: AssistantMessage): boolean {
  if (time.completed === undefined || error !== undefined) return false;
  return isLast(finish);
}

/** True where the step will have ended the turn as soon as it is over. */
export function isClosing({finish, error, summary}: AssistantMessage): boolean {
  return summary !== true && error === undefined && isLast(finish);
}

function isLast(finish: AssistantMessage['finish']): boolean {
  return finish !== undefined && finish !== 'tool-calls' && finish !== 'unknown';
}

/** The step that ended a turn within the stretch. */
export function closingOf(steps: Stretch): AssistantMessage | undefined {
  const info = steps.at(-1)?.info;
  return info?.role === 'assistant' && endsTurn(info) ? info : undefined;
}

/**
 * The answer: what ended a turn, that of each stretch after the other, with the reports that were written before it.
 * `undefined` where nothing ended a turn.
 */
export function answerOfAll(stretches: readonly Stretch[]): string | undefined {
  const answers = stretches.map(answerOf);
  const last = answers.findLastIndex((answer) => answer !== undefined);
  if (last === -1) return undefined;
  const closing = answers[last] ?? '';
  // A stretch that a compaction broke off may hold the report that a last "Done." refers to.
  const texts = stretches.slice(0, last).flatMap((steps, n) => answers[n] ?? reportsIn(steps, closing));
  return joined([...texts, closing]);
}

/** What the agent wrote in each of these steps that it wrote anything in. */
export function writtenIn(steps: Stretch): readonly string[] {
  return steps.map(textOf).filter((text) => !isBlank(text));
}

/** The texts one after the other; one that stands in another is left out. */
export function joined(texts: readonly string[]): string {
  const isRepeated = (text: string, n: number) =>
    texts.some((other, m) => m !== n && standsIn(text, other) && (other !== text || m < n));
  return texts.filter((text, n) => !isRepeated(text, n)).join('\n\n');
}

/** True for a text of which nothing can be seen. */
export function isBlank(text: string): boolean {
  return !/[^\p{Cf}\p{Z}\s]/u.test(text);
}

/** True for a text that is blank, or no more than a full stop. */
export function saysNothing(text: string): boolean {
  return !/[\p{L}\p{N}\p{S}]/u.test(text);
}

function answerOf(steps: Stretch): string | undefined {
  const closing = steps.at(-1);
  if (closing === undefined || closingOf(steps) === undefined) return undefined;
  const said = textOf(closing);
  const before = steps.slice(0, -1);
  const last = saysNothing(said) ? (writtenIn(before).at(-1) ?? said) : said;
  return isBlank(last) ? undefined : joined([...reportsIn(before, last), last]);
}

/** What was written in these steps that belongs to the answer, beside what was said at last. */
function reportsIn(steps: Stretch, said: string): readonly string[] {
  const written = steps.filter((step) => !isBlank(textOf(step)));
  const longer = written.filter((step) => textOf(step).length > said.length);
  const reports = longer.filter((step) => textOf(step).length >= REPORT_CHARS);
  const isShort = said.length < CLOSING_CHARS;
  if (reports.length > 0) return (isShort ? reports : reports.slice(-1)).map(textOf);
  const last = written.at(-1);
  if (last === undefined || !longer.includes(last)) return [];
  const isFinding = isShort && textOf(last).length >= FINDING_CHARS;
  return isFinding || keepsNotes(last) ? [textOf(last)] : [];
}

function keepsNotes(step: TranscriptMessage): boolean {
  const calls = toolParts([step]);
  return calls.length > 0 && calls.every(({tool}) => NOTE_TOOLS.has(tool));
}

function standsIn(text: string, other: string): boolean {
  return other === text || (text.length >= REPEATED_CHARS && other.includes(text));
}
