import type {AssistantMessage} from '@opencode-ai/sdk/v2/client';
import {shorten} from '../../base/errors.ts';
import {joinModel} from '../wire/model-name.ts';
import {
  answerOfAll,
  closingOf,
  endsTurn,
  isBlank,
  isCompaction,
  joined,
  type Stretch,
  saysNothing,
  stretchesOf,
  writtenIn,
} from './answer-text.ts';
import {othersWordsIn} from './others-words.ts';
import {errorOf, type Transcript, type TranscriptMessage, textOf, toolParts} from './transcript.ts';
import {isLater} from './turn.ts';

/** More of somebody else's words is not repeated. */
const SHOWN_CHARS = 100;

/** An answer in the agent's own words. */
export interface Answered {
  readonly is: 'answered';
  readonly text: string;
  /** What a reader has to know of it, in sentences: that it is cut off, say. */
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
    const own = caveatOf(last, info, text) ?? cutOffIn(stretches.slice(0, -1));
    return {is: 'answered', text, ...caveatsOf(own, othersCaveat(transcript))};
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
 * The verdict on a turn of which no more will come. Where the agent had answered, and a compaction or somebody's words
 * had it go on, or a message that it was not given yet, that answer stands, whatever became of going on, unless the agent took up work again.
 */
export function conclude<V extends Verdict>(verdict: V, transcript: Transcript): V | Answered {
  if (verdict.is === 'answered') return verdict;
  const stretches = stretchesOf(transcript);
  const [before, last] = [stretches.slice(0, -1), stretches.at(-1) ?? []];
  const answer = answerOfAll(before);
  if (answer === undefined || toolParts(last).length > 0) return verdict;
  const why = verdict.is === 'failed' ? `: ${verdict.error}` : '.';
  const end = `After this answer ${whatHadItGoOn(transcript)} had the agent go on, which came to no end${why}`;
  return {
    is: 'answered',
    text: joined([answer, ...writtenIn(last)]),
    ...caveatsOf(end, cutOffIn(before), othersCaveat(transcript)),
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
  if (answer !== undefined) return {is: 'answered', text: answer, ...caveatsOf(othersCaveat(transcript))};
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

function caveatsOf(...caveats: readonly (string | undefined)[]): Pick<Answered, 'caveat'> {
  const known = caveats.filter((caveat) => caveat !== undefined);
  return known.length === 0 ? {} : {caveat: known.join(' ')};
}

function whatHadItGoOn(transcript: Transcript): string {
  const words = othersWordsIn(transcript);
  const last = transcript.findLast(
    (message) => isCompaction(message) || isLater(message) || words.includes(message),
  );
  if (last !== undefined && isLater(last)) return 'a message to it';
  return last !== undefined && words.includes(last)
    ? 'somebody else'
    : 'OpenCode compacted the conversation and';
}

/** What has to be known where the last words of the agent may answer somebody else's. */
function othersCaveat(transcript: Transcript): string | undefined {
  const words = othersWordsIn(transcript).at(-1);
  if (words === undefined) return undefined;
  const said = shorten(textOf(words).replace(/\s+/g, ' ').trim(), SHOWN_CHARS);
  return `While it worked, somebody else wrote to the agent in its session ("${said}"). This may answer that, and its own work may not be done: ${GO_ON}`;
}

/** How what is cut off is spoken of: the answer, or a part of it that the agent went on after. */
interface Subject {
  readonly cut: string;
  readonly ended: string;
}

const ANSWER: Subject = {cut: 'It is cut off', ended: 'Its provider ended it'};
const EARLIER: Subject = {
  cut: 'An earlier part of it is cut off',
  ended: 'An earlier part of it was ended by its provider',
};
const GO_ON = 'delegate with its id as continue has the agent go on.';

function caveatOf(last: TranscriptMessage, info: AssistantMessage, answer: string): string | undefined {
  const cut = cutOff(ANSWER, info);
  if (cut !== undefined) return cut;
  const said = textOf(last);
  if (!saysNothing(said) || said === answer) return undefined;
  return `The last message of the agent ${isBlank(said) ? 'was empty' : 'said nothing'}; this is what it wrote before.`;
}

/** Whether a part of the answer is cut off that the agent went on after. */
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
