import {shorten} from '../../base/errors.ts';
import {quoted} from '../../base/safe-text.ts';
import {type DelegationHead, hasEnded} from '../../delegation/model/delegation.ts';
import {facts} from '../../report/format.ts';
import {renderDuration, renderUsage} from '../../report/outcome.ts';
import {renderBranch} from '../../report/worktree.ts';
import {iso} from './time.ts';

/** Of an error, or a note, so much: all of it is below. */
const LINE_CHARS = 300;
/** What is no character stands in no YAML, comments included. */
const NO_CHARACTER = /[\ufffe\uffff]/g;
/** The lines of id and status come first: by them a record is known at a glance. */
const OPENING = /^id: .*\nstatus: .*\n/;
const OPENING_AND_BRIEF = /^(id: .*\nstatus: .*\n)(?:#[^\n]*\n)+/;

/**
 * Adds to a record's front matter, as comments at its beginning, what a person wants to know who opens it: the title,
 * how it ended, how long it took, what it cost, where its work is and how that is merged.
 */
export function withBrief(yaml: string, head: DelegationHead): string {
  const lines = [head.title, '', ...outcomeOf(head)].map(quoted);
  const brief = lines.map((line) => `${`# ${line}`.trimEnd().replace(NO_CHARACTER, '')}\n`).join('');
  return yaml.replace(OPENING, (opening) => `${opening}${brief}`);
}

/** The front matter as it is without that. */
export function withoutBrief(yaml: string): string {
  return yaml.replace(OPENING_AND_BRIEF, '$1');
}

function outcomeOf(head: DelegationHead): readonly string[] {
  const {state} = head;
  if (!hasEnded(state)) return [state.status];
  const {status, endedAt, error} = state;
  const why = error === undefined ? [] : [`Why: ${shorten(quoted(error), LINE_CHARS)}`];
  return [
    facts(status, renderDuration(state), `ended ${iso(endedAt)}`, renderUsage(state)),
    ...why,
    ...renderBranch(head),
  ];
}
