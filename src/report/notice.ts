import {oneLine, quoted, withinTags} from '../base/safe-text.ts';
import {type Ask, detailsOf} from '../delegation/model/ask.ts';
import {type DelegationHead, type Ended, hasEnded} from '../delegation/model/delegation.ts';
import {endMarkOf, upTo, whatIsWritten} from './answer.ts';
import {renderCaveat, renderOutcome, renderRefused} from './outcome.ts';

/** An end that is told, with the whole of what was written where that goes with it. */
export interface EndTold {
  readonly head: DelegationHead;
  readonly text?: string;
  /** It is short enough to go with it, and has something in it that only a read shows as it is. */
  readonly isWithheld?: boolean;
}

export interface NoticeOptions {
  readonly ended: readonly EndTold[];
  /** Told before without a turn of the model, and not read since. */
  readonly toldBefore: readonly DelegationHead[];
  /** How many of the session's delegations have not ended. */
  readonly remaining: number;
  readonly artifact: (project: string, id: string) => string;
  /** Where the session works. */
  readonly from: string;
}

/** What the model is told of ends. */
export function noticeText({ended, toldBefore, ...rest}: NoticeOptions): string {
  const blocks = ended.map((end) => [...notification(end, rest), ...answerOf(end)].join('\n'));
  const before = toldBefore.map(({id, state, title}) => `${id} (${state.status}: ${quoted(title)})`);
  const more =
    before.length === 0
      ? []
      : [`Ended before and not read yet: ${before.join('; ')}. delegation_read(id) returns each.`];
  return [...blocks, ...more].join('\n');
}

function notification(
  {head, text, isWithheld = false}: EndTold,
  {remaining, artifact, from}: Pick<NoticeOptions, 'remaining' | 'artifact' | 'from'>,
): readonly string[] {
  const {id, project, state, title} = head;
  const isWhole = text !== undefined;
  const outcome = !hasEnded(state)
    ? []
    : isWhole
      ? renderOutcome(head, {state, from})
      : [
          ...renderCaveat(state),
          ...renderRefused(head, state),
          ...(isWithheld ? [withheld(head.id, state)] : []),
        ];
  return [
    '<task-notification>',
    endMark(head),
    `<title>${line(title)}</title>${isWhole ? '' : `<summary>${line(summaryOf(head))}</summary>`}`,
    ...(outcome.length === 0 ? [] : [`<outcome>${outcome.join('\n')}</outcome>`]),
    `<artifact>${line(artifact(project, id))}</artifact>`,
    ...(isWhole ? [] : [retrievalTag(id)]),
    `<remaining>${remaining}</remaining>`,
    '</task-notification>',
  ];
}

/** What its agent has written is data, and anyone who reads is told where it ends, as with every read. */
function answerOf({head: {id, state}, text}: EndTold): readonly string[] {
  if (text === undefined || !hasEnded(state)) return [];
  if (text === '') return ['It has written nothing, so there is nothing to read.'];
  const mark = endMarkOf({id, text});
  return [`${whatIsWritten(state)} of ${id} follows whole, ${upTo(mark)}`, '', text, '', mark];
}

function withheld(id: string, state: Ended): string {
  return `${whatIsWritten(state)} is not in this notice: something in it is hidden, or could be taken for a tag of this client. ${retrieval(id)} returns it to the letter.`;
}

/** By this the notice of an end is found again in a transcript. */
export function endMark({id, state}: DelegationHead): string {
  return mark(id, state.status);
}

/** By this the notice of a request is found again. */
export function requestMark({id}: DelegationHead, {number}: Ask): string {
  return `${mark(id, 'blocked')}\n<request>${number}</request>`;
}

function mark(id: string, status: string): string {
  return `<task-id>${id}</task-id>\n<status>${status}</status>`;
}

export function retrieval(id: string): string {
  return `delegation_read("${id}")`;
}

/** By this a notice is known to leave something to be read. */
export function retrievalTag(id: string): string {
  return `<retrieval>${retrieval(id)}</retrieval>`;
}

export interface Toast {
  readonly title: string;
  readonly message: string;
  readonly variant: 'success' | 'warning';
}

/** What a person is told of ends. */
export function toastOf(ended: readonly DelegationHead[]): Toast {
  const variant = ended.every(({state}) => state.status === 'completed') ? 'success' : 'warning';
  const [only, ...rest] = ended;
  if (only !== undefined && rest.length === 0) {
    return {
      title: `Delegation ${only.state.status}`,
      message: `${oneLine(only.title)} (${only.id})`,
      variant,
    };
  }
  const message = ended.map(({id, state}) => `${id}: ${state.status}`).join('\n');
  return {title: `${ended.length} delegations ended`, message, variant};
}

/** A request, and the delegation whose agent waits for an answer to it. */
export interface Requested {
  readonly head: DelegationHead;
  readonly ask: Ask;
}

/** What the model is told of requests. */
export function blockedText(requested: readonly Requested[], remaining: number): string {
  return requested
    .map(({head, ask}) =>
      [
        '<task-notification>',
        requestMark(head, ask),
        `<title>${line(head.title)}</title><summary>Its agent waits for an answer to ${line(ask.what)}</summary>`,
        ...detailsOf(ask).map((detail) => `<detail>${withinTags(detail)}</detail>`),
        `<until>${new Date(ask.until).toISOString()}</until>`,
        `<reply>${replyCall(head, ask)}</reply>`,
        `<remaining>${remaining}</remaining>`,
        '</task-notification>',
      ].join('\n'),
    )
    .concat(UNANSWERED)
    .join('\n');
}

/** What becomes of requests that nobody answers. */
export const UNANSWERED = 'What nobody answers in time is refused. If you cannot decide, ask your user.';

/** The call that answers a request. */
export function replyCall({id}: DelegationHead, {number, kind}: Ask): string {
  const more = kind === 'question' ? ', with the answer as message' : '';
  return `delegation_reply("${id}", "allow" or "deny", request: ${number})${more}`;
}

export function blockedToast(requested: readonly Requested[]): Toast {
  const message = requested.map(({head, ask}) => `${head.id}: ${oneLine(ask.what)}`).join('\n');
  return {title: 'A delegation waits for an answer', message, variant: 'warning'};
}

function summaryOf({state, summary}: DelegationHead): string {
  return hasEnded(state) && summary === '' ? (state.error ?? '') : summary;
}

function line(text: string): string {
  return withinTags(oneLine(text));
}
