import type {AssistantMessage} from '@opencode-ai/sdk/v2/client';
import {joinModel} from '../wire/model-name.ts';
import {errorOf, type Transcript, type TranscriptMessage, textOf, toolParts} from './transcript.ts';

/** A text before the closing one of at least this length is no remark between two tool calls, but a report. */
const REPORT_CHARS = 500;

/** An answer in the agent's own words. */
export interface Answered {
  readonly is: 'answered';
  readonly text: string;
  /** What whoever reads it has to know of it, as a sentence: that it is cut off, say. */
  readonly caveat?: string;
}

/**
 * What the messages of a turn say of its end. `open`: there is no end in them. `failed` may be followed
 * by a compaction that goes on, so it is only an end once the session is idle. `aborted`: its server was ended, as
 * nobody else can reach it and what we abort has got its end before.
 */
export type Verdict =
  | {readonly is: 'open'}
  | {readonly is: 'aborted'}
  | Answered
  | {readonly is: 'failed'; readonly error: string};

/** One that there is an end in. */
export type ClearVerdict = Exclude<Verdict, {is: 'open'}>;

/**
 * Reads the verdict from the last message. OpenCode stores one assistant message a step; the last one of a
 * turn is complete and does not ask for tools.
 */
export function judgeTurn(transcript: Transcript): Verdict {
  const last = transcript.at(-1);
  if (last === undefined || last.info.role !== 'assistant') return {is: 'open'};
  const {info} = last;
  if (info.error?.name === 'MessageAbortedError') return {is: 'aborted'};
  if (info.error !== undefined) return {is: 'failed', error: errorOf(info)};
  if (info.summary === true || !endsTurn(info)) return {is: 'open'};
  const text = answerIn(stretchesOf(transcript));
  if (text !== undefined) return {is: 'answered', text, ...caveatOf(last, info)};
  return {
    is: 'failed',
    error:
      info.finish === 'length'
        ? `${joinModel(info)} reached its output limit before it wrote an answer.`
        : `${joinModel(info)} ended its turn (${info.finish}) without writing an answer.`,
  };
}

/**
 * The verdict on a turn of which no more will come. Where OpenCode compacted the conversation after an answer and had
 * the agent go on by itself, that answer stands, whatever became of going on, unless the agent took up work again.
 */
export function conclude<V extends Verdict>(verdict: V, transcript: Transcript): V | Answered {
  if (verdict.is === 'answered') return verdict;
  const stretches = stretchesOf(transcript);
  const last = stretches.at(-1) ?? [];
  const answer = answerIn(stretches.slice(0, -1));
  if (answer === undefined || toolParts(last).length > 0) return verdict;
  const why = verdict.is === 'failed' ? `: ${verdict.error}` : '.';
  return {
    is: 'answered',
    text: joined([answer, ...writtenIn(last)]),
    caveat: `After this answer OpenCode compacted the conversation and had the agent go on, which came to no end${why}`,
  };
}

/**
 * The verdict on a turn that has no end of its own and goes nowhere: OpenCode asks the model again and again by itself,
 * or has become idle. What was written is the answer, the first time that it was written.
 *
 * @param why What went wrong, as a sentence, for a turn in which nothing was written.
 */
export function concludeUnended(transcript: Transcript, why: string): ClearVerdict {
  const stretches = stretchesOf(transcript);
  const answer = answerIn(stretches);
  if (answer !== undefined) return {is: 'answered', text: answer};
  const steps = stretches.flat();
  const idle = steps.slice(steps.findLastIndex((step) => toolParts([step]).length > 0) + 1);
  const first = idle.find(({info}) => info.role === 'assistant' && info.time.completed !== undefined);
  const text = first === undefined ? '' : textOf(first);
  if (text.trim() === '') return {is: 'failed', error: why};
  return {
    is: 'answered',
    text,
    caveat: 'Its provider gave no sign that this is the whole answer.',
  };
}

/** OpenCode asks again after a step that says nothing of its end, or wants tools. */
function endsTurn({time, finish, error}: AssistantMessage): boolean {
  if (time.completed === undefined || error !== undefined) return false;
  return finish !== undefined && finish !== 'tool-calls' && finish !== 'unknown';
}

type Stretch = readonly TranscriptMessage[];

/** The agent's own steps, as OpenCode's compactions part them. */
function stretchesOf(transcript: Transcript): readonly Stretch[] {
  const stretches: TranscriptMessage[][] = [[]];
  for (const message of transcript) {
    if (message.parts.some(({type}) => type === 'compaction')) stretches.push([]);
    if (message.info.role === 'assistant' && message.info.summary !== true) stretches.at(-1)?.push(message);
  }
  return stretches;
}

/** What ended a turn, that of each stretch after the other; `undefined` where nothing did. */
function answerIn(stretches: readonly Stretch[]): string | undefined {
  const answers = stretches.flatMap((steps) => answerOf(steps) ?? []);
  return answers.length === 0 ? undefined : joined(answers);
}

function answerOf(steps: Stretch): string | undefined {
  const closing = steps.at(-1);
  if (closing?.info.role !== 'assistant' || !endsTurn(closing.info)) return undefined;
  const said = textOf(closing);
  if (said.trim() === '') return writtenIn(steps).at(-1);
  const report = writtenIn(steps.slice(0, -1)).findLast(
    (text) => text.length >= REPORT_CHARS && text.length > said.length,
  );
  return report === undefined ? said : joined([report, said]);
}

function writtenIn(steps: Stretch): readonly string[] {
  return steps.map(textOf).filter((text) => text.trim() !== '');
}

/** Leaves out what stands in another one. */
function joined(texts: readonly string[]): string {
  const isRepeated = (text: string, n: number) =>
    texts.some((other, m) => m !== n && other.includes(text) && (other !== text || m < n));
  return texts.filter((text, n) => !isRepeated(text, n)).join('\n\n');
}

const GO_ON = 'delegate with its id as continue has the agent go on.';

function caveatOf(last: TranscriptMessage, info: AssistantMessage): {caveat?: string} {
  if (info.finish === 'length') {
    return {caveat: `It is cut off: ${joinModel(info)} reached its output limit. ${GO_ON}`};
  }
  if (info.finish !== 'stop') {
    return {caveat: `Its provider ended it with the reason "${info.finish}": it may be cut off. ${GO_ON}`};
  }
  if (textOf(last).trim() === '') {
    return {caveat: 'The last message of the agent was empty; this is what it wrote before.'};
  }
  return {};
}
