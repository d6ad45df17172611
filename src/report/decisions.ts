import {shorten} from '../base/errors.ts';
import {quoted} from '../base/safe-text.ts';
import type {Decision, Ruling} from '../delegation/model/ask.ts';

const MESSAGE_CHARS = 200;

const VERDICT_WORDS: Readonly<Record<Ruling, string>> = {
  allowed: 'allowed',
  denied: 'denied',
  nobody: 'refused, as nobody could be asked',
  'timed-out': 'refused, as nobody answered in time',
  unanswered: 'unanswered when it ended',
};

/** What became of what was asked; empty where nobody could have answered. */
export function renderDecisions(decisions: readonly Decision[] = []): string {
  const asked = decisions.filter(({verdict}) => verdict !== 'nobody');
  return asked.length === 0 ? '' : `Asked for: ${asked.map(renderDecision).join('; ')}`;
}

/** What became of one request. */
export function renderDecision({what, verdict, message}: Decision): string {
  const said = message === undefined ? '' : `: "${shorten(quoted(message), MESSAGE_CHARS)}"`;
  return `${quoted(what)} (${VERDICT_WORDS[verdict]}${said})`;
}
