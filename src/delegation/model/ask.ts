import {quoted} from '../../base/safe-text.ts';

/** One question of an agent's, with the answers that it offers. */
export interface Question {
  readonly question: string;
  /** The labels of the answers on offer; any other text is an answer as well. */
  readonly options: readonly string[];
  /** True when several of the options can be chosen together. */
  readonly isMultiple: boolean;
}

/** What an agent asks for: a permission, or answers to one or more questions. */
export type AskContent =
  | {
      readonly kind: 'permission';
      /** In words a person can read, on one line. */
      readonly what: string;
      /** All of it: the whole command, or what would be changed. What is allowed must be seen first. */
      readonly detail: string;
    }
  | {readonly kind: 'question'; readonly what: string; readonly questions: readonly Question[]};

/** A permission request or questions that an agent waits on. */
export type Ask = AskContent & {
  /** Counts the requests of one delegation, from 1. */
  readonly number: number;
  /** When it was asked, in milliseconds since the epoch; absent in old records. */
  readonly askedAt?: number;
  /** When it is rejected if nobody has answered by then, in milliseconds since the epoch. */
  readonly until: number;
};

/**
 * What became of a request. `nobody`: nobody could be asked, so it was rejected at once. `timed-out`: nobody
 * answered in time. `unanswered`: the delegation ended first.
 */
export const RULINGS = ['allowed', 'denied', 'timed-out', 'nobody', 'unanswered'] as const;
export type Ruling = (typeof RULINGS)[number];

export interface Decision {
  /** The request's number. */
  readonly number: number;
  readonly what: string;
  readonly verdict: Ruling;
  /** The answer to a question, or what was said with a permission or a denial. */
  readonly message?: string;
  readonly at: number;
}

/** What becomes of requests: rejected at once, or shown and waited on for so long. */
export type AskPolicy = {readonly on: 'reject'} | {readonly on: 'wait'; readonly ms: number};

/** Somebody's answer to a request. */
export interface Reply {
  readonly decision: 'allow' | 'deny';
  readonly message?: string;
  /** Which request; default: the oldest that is open. */
  readonly number?: number;
}

/** An agent's request in full, for the one who is to answer it. */
export function detailsOf(ask: Ask): readonly string[] {
  if (ask.kind === 'question') return ask.questions.map(renderQuestion);
  // A list shows it otherwise where it has lines, tags, or what cannot be seen.
  const isSaid = ask.what.endsWith(`: ${ask.detail}`) && quoted(ask.detail) === ask.detail;
  return isSaid || ask.detail === '' ? [] : [ask.detail];
}

function renderQuestion({question, options, isMultiple}: Question): string {
  if (options.length === 0) return `- ${question}`;
  return `- ${question} ${isMultiple ? 'Any of' : 'One of'}: ${options.join(', ')}; or other words.`;
}
