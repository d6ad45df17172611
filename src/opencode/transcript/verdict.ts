import type {AssistantMessage} from '@opencode-ai/sdk/v2/client';
import {joinModel} from '../wire/model-name.ts';
import {
  answerOfAll,
  closingOf,
  endsTurn,
  isBlank,
  joined,
  type Stretch,
  saysNothing,
  stretchesOf,
  writtenIn,
} from './answer-text.ts';
import {errorOf, type Transcript, type TranscriptMessage, textOf, toolParts} from './transcript.ts';

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
  const stretches = stretchesOf(transcript);
  const text = answerOfAll(stretches);
  if (text !== undefined) {
    const caveat = caveatOf(last, info, text) ?? cutOffIn(stretches.slice(0, -1));
    return {is: 'answered', text, ...(caveat !== undefined && {caveat})};
  }
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
  const [before, last] = [stretches.slice(0, -1), stretches.at(-1) ?? []];
  const answer = answerOfAll(before);
  if (answer === undefined || toolParts(last).length > 0) return verdict;
  const why = verdict.is === 'failed' ? `: ${verdict.error}` : '.';
  const end = `After this answer OpenCode compacted the conversation and had the agent go on, which came to no end${why}`;
  const cut = cutOffIn(before);
  return {
    is: 'answered',
    text: joined([answer, ...writtenIn(last)]),
    caveat: cut === undefined ? end : `${end} ${cut}`,
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
  const answer = answerOfAll(stretches);
  if (answer !== undefined) return {is: 'answered', text: answer};
  const steps = stretches.flat();
  const idle = steps.slice(steps.findLastIndex((step) => toolParts([step]).length > 0) + 1);
  const first = idle.find(({info}) => info.role === 'assistant' && info.time.completed !== undefined);
  const text = first === undefined ? '' : textOf(first);
  if (isBlank(text)) return {is: 'failed', error: why};
  return {
    is: 'answered',
    text,
    caveat: 'Its provider gave no sign that this is the whole answer.',
  };
}

/** How what is cut off is spoken of: the answer, or what a compaction followed. */
interface Subject {
  readonly cut: string;
  readonly ended: string;
}

const ANSWER: Subject = {cut: 'It is cut off', ended: 'Its provider ended it'};
const BEFORE = 'What was written before OpenCode compacted the conversation';
const EARLIER: Subject = {cut: `${BEFORE} is cut off`, ended: `${BEFORE} was ended by its provider`};
const GO_ON = 'delegate with its id as continue has the agent go on.';

function caveatOf(last: TranscriptMessage, info: AssistantMessage, answer: string): string | undefined {
  const cut = cutOff(ANSWER, info);
  if (cut !== undefined) return cut;
  const said = textOf(last);
  if (!saysNothing(said) || said === answer) return undefined;
  return `The last message of the agent ${isBlank(said) ? 'was empty' : 'said nothing'}; this is what it wrote before.`;
}

/** Whether a part of the answer is cut off that was written before a compaction. */
function cutOffIn(stretches: readonly Stretch[]): string | undefined {
  for (const steps of stretches) {
    const closing = closingOf(steps);
    const cut = closing && cutOff(EARLIER, closing);
    if (cut !== undefined) return cut;
  }
  return undefined;
}

function cutOff({cut, ended}: Subject, info: AssistantMessage): string | undefined {
  if (info.finish === 'length') return `${cut}: ${joinModel(info)} reached its output limit. ${GO_ON}`;
  if (info.finish === 'stop') return undefined;
  return `${ended} with the reason "${info.finish}": it may be cut off. ${GO_ON}`;
}
