import type {ShownEntry} from '../../../control/protocol.ts';
import type {ShownDelegation} from '../../../control/shown.ts';
import type {Group} from '../../terminal/groups.ts';
import type {Style} from '../../terminal/terminal.ts';

/** A delegation by its project and id, as one text. */
export type Key = string;

/** What is known of what an agent said: of one at work its conversation, of an ended one its result. */
export interface AgentWords {
  readonly key: Key;
  readonly entries?: readonly ShownEntry[];
  readonly result?: string;
  /** Why there are none. */
  readonly problem?: string;
}

/** What fills the screen. `from` is the first line in sight; without it, the end is, and stays so as it grows. */
export type OnScreen =
  | {readonly is: 'list'}
  | {readonly is: 'peek'; readonly from?: number}
  | {readonly is: 'change'; readonly text: string; readonly from: number}
  | {readonly is: 'help'; readonly from: number};

/** What the person is asked for in the last line. */
export type Prompt =
  | {readonly is: 'filter'; readonly text: string; readonly before: string}
  | {readonly is: 'deny' | 'answer'; readonly of: Key; readonly request: number; readonly text: string}
  | {readonly is: 'message'; readonly of: Key; readonly text: string}
  | {readonly is: 'cancel'; readonly of: Key};

export interface Remark {
  readonly text: string;
  readonly look: Style;
}

/** All that the live view knows. It is never changed: each transition makes another. */
export interface ViewState {
  readonly all: readonly ShownDelegation[];
  readonly filter: string;
  /** The project that alone is shown; `undefined` for all. */
  readonly project: string | undefined;
  /** What passes the filter, in groups. */
  readonly groups: readonly (readonly [Group, readonly ShownDelegation[]])[];
  /** The same, one after the other. */
  readonly visible: readonly ShownDelegation[];
  readonly selected: Key | undefined;
  readonly words: AgentWords | undefined;
  readonly shown: OnScreen;
  readonly prompt: Prompt | undefined;
  /** What was done last, or why it was not. */
  readonly status: Remark | undefined;
  readonly isLoading: boolean;
}

export const INITIAL: ViewState = {
  all: [],
  filter: '',
  project: undefined,
  groups: [],
  visible: [],
  selected: undefined,
  words: undefined,
  shown: {is: 'list'},
  prompt: undefined,
  status: undefined,
  isLoading: true,
};

export function delegationKey({project, id}: {readonly project: string; readonly id: string}): Key {
  return `${project}/${id}`;
}

/** The delegation that is selected; `undefined` when there is none to select. */
export function selectedIn({visible, selected}: ViewState): ShownDelegation | undefined {
  return visible.find((shown) => delegationKey(shown) === selected);
}

/** What is known of the words of the selected one. */
export function wordsIn({words, selected}: ViewState): AgentWords | undefined {
  return words?.key === selected ? words : undefined;
}
