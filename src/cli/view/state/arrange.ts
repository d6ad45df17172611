import type {ShownDelegation} from '../../../control/shown.ts';
import {grouped} from '../../terminal/groups.ts';
import {delegationKey, type ViewState} from './state.ts';

/** What is known of all delegations is another. The selection stays on its delegation, whichever group that is in now. */
export function withDelegations(state: ViewState, all: readonly ShownDelegation[]): ViewState {
  return arranged({...state, all, isLoading: false});
}

/** Only what has this text in its id, title, summary, agent, model or project is shown. */
export function filtered(state: ViewState, filter: string): ViewState {
  return arranged({...state, filter});
}

/** Only this project is shown; `undefined` for all. */
export function narrowed(state: ViewState, project: string | undefined): ViewState {
  return arranged({...state, project});
}

/** Moves the selection, and stops at both ends. */
export function moved(state: ViewState, by: number): ViewState {
  const {visible} = state;
  const to = Math.min(Math.max(0, indexOf(state) + by), visible.length - 1);
  const next = visible[to];
  return next === undefined ? state : {...state, selected: delegationKey(next)};
}

function arranged(state: ViewState): ViewState {
  const wanted = state.filter.trim().toLowerCase();
  const fitting = state.all.filter(
    (shown) =>
      (state.project === undefined || shown.project === state.project) &&
      (wanted === '' || textOf(shown).includes(wanted)),
  );
  const groups = grouped(fitting.sort(inOrder));
  const visible = groups.flatMap(([, members]) => members);
  return {...state, groups, visible, selected: selectionIn(state, visible)};
}

/** What was selected, or what has come to its place where it is not shown any more. */
function selectionIn(state: ViewState, visible: readonly ShownDelegation[]): string | undefined {
  const {selected} = state;
  if (selected !== undefined && visible.some((shown) => delegationKey(shown) === selected)) return selected;
  const place = Math.min(Math.max(0, indexOf(state)), visible.length - 1);
  const [there] = visible.slice(Math.max(0, place));
  return there && delegationKey(there);
}

function indexOf({visible, selected}: ViewState): number {
  return visible.findIndex((shown) => delegationKey(shown) === selected);
}

/** Newest first, and what waits for its turn by its place. */
function inOrder(a: ShownDelegation, b: ShownDelegation): number {
  if (a.queue !== undefined && b.queue !== undefined) return a.queue.place - b.queue.place;
  return a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0;
}

function textOf({id, title, summary, agent, model, project}: ShownDelegation): string {
  return [id, title, summary, agent, model, project].join('\n').toLowerCase();
}
