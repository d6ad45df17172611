import {quotedLines} from '../base/safe-text.ts';
import {type Ask, detailsOf} from '../delegation/model/ask.ts';
import type {DelegationHead} from '../delegation/model/delegation.ts';
import {moreLine, unreadLine} from '../report/carried-over.ts';
import {blockedToast, type Requested, replyCall, retrieval, toastOf, UNANSWERED} from '../report/notice.ts';

/** Clients cut, or put into a file, what a hook says beyond 10,000 characters; a hook that says much is switched off. */
const MAX_CHARS = 6_000;
/** So many ends are named at once, and the others counted. */
export const MAX_NAMED = 10;
/** Of a request, so much is shown. What is longer is shown by a read. */
const DETAIL_CHARS = 1_500;

/** What a hook says of ends and requests. */
export interface ToTell {
  readonly ends: readonly DelegationHead[];
  /** How many more have ended that nobody has read. */
  readonly more: number;
  readonly requests: readonly Requested[];
}

/** What the model is told; `undefined` where there is nothing to tell. */
export function newsText({ends, more, requests}: ToTell): string | undefined {
  if (ends.length === 0 && requests.length === 0) return undefined;
  return [...endedLines(ends, more), ...requestLines(requests)].join('\n');
}

/** ToTell where the model was about to stop. */
export const WHILE_YOU_WORKED =
  'This has come while you worked. Go on with what it changes for your work; if it changes nothing, end your turn.';

/** What the person is told where a client shows nothing to the model, on a few lines. */
export function personText({ends, requests}: ToTell): string | undefined {
  const toasts = [
    ...(ends.length > 0 ? [toastOf(ends)] : []),
    ...(requests.length > 0 ? [blockedToast(requests)] : []),
  ];
  if (toasts.length === 0) return undefined;
  return toasts.map(({title, message}) => `${title}: ${message}`).join('\n');
}

/** How many of these, the newest first, a hook names at once. */
export function namedOf(ends: readonly DelegationHead[]): readonly DelegationHead[] {
  let chars = 0;
  return ends.slice(0, MAX_NAMED).filter((head) => {
    chars += unreadLine(head).length;
    return chars <= MAX_CHARS;
  });
}

function endedLines(ends: readonly DelegationHead[], more: number): readonly string[] {
  if (ends.length === 0) return [];
  return [
    'Background delegations of this project have ended, and nobody has read their results yet:',
    ...ends.map(unreadLine),
    ...(more > 0 ? [moreLine(more)] : []),
  ];
}

function requestLines(requests: readonly Requested[]): readonly string[] {
  if (requests.length === 0) return [];
  return [
    'Agents of background delegations wait for an answer:',
    ...requests.flatMap(requestLine),
    UNANSWERED,
  ];
}

function requestLine({head, ask}: Requested): readonly string[] {
  const until = new Date(ask.until).toISOString();
  return [
    `- ${head.id}: ${quotedLines(ask.what)}, until ${until}. Answer: ${replyCall(head, ask)}`,
    ...detailLines(head, ask),
  ];
}

/** What is allowed must be seen whole. */
function detailLines(head: DelegationHead, ask: Ask): readonly string[] {
  const details = detailsOf(ask).map((detail) => `  ${quotedLines(detail)}`);
  if (details.join('\n').length <= DETAIL_CHARS) return details;
  return [`  It is too long for here: ${retrieval(head.id)} shows all of it.`];
}
