import type {DelegationHead} from '../../delegation/model/delegation.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {counted, facts} from '../../report/format.ts';
import {renderProgress} from './render.ts';

const NAMED = 5;

/** One line for a person while a call waits for whichever is first: what happened last, and of how many. */
export function renderFirstProgress(open: readonly DelegationView[], now: number): string {
  const [latest] = [...open].sort((a, b) => (b.activity?.at ?? 0) - (a.activity?.at ?? 0));
  return facts(
    `waiting for the first of ${counted(open.length, 'delegation')}`,
    latest && `${latest.delegation.id}: ${renderProgress(latest, now)}`,
  );
}

/** What a call answers that has waited for whichever is first, where none was. */
export function renderNoneYet(open: readonly DelegationHead[]): string {
  if (open.length === 0)
    return 'Nothing to wait for: no delegation runs or waits here, and all that have ended were read. delegation_list shows them.';
  const named = open.slice(0, NAMED).map(({id, state}) => `${id} (${state.status})`);
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : '';
  return `None has ended yet: ${named.join(', ')}${more}. delegation_read() waits for the first.`;
}
