import type {ViewState} from './state.ts';

interface Named {
  readonly project: string;
  readonly id: string;
}

/** What is to be done outside of the view. */
export type Effect =
  | {readonly does: 'leave'}
  | {
      readonly does: 'reply';
      readonly to: Named;
      readonly request: number;
      readonly decision: 'allow' | 'deny';
      readonly message?: string;
    }
  | {readonly does: 'message'; readonly to: Named; readonly message: string}
  | {readonly does: 'cancel' | 'change' | 'open'; readonly to: Named}
  | {readonly does: 'copy'; readonly text: string};

/** What came of a key. */
export interface Pressed {
  readonly state: ViewState;
  readonly effect?: Effect;
}

/** How much there is to see, which scrolling depends on. */
export interface Room {
  /** Lines of the list or the page in sight. */
  readonly height: number;
  /** Lines of the page in all. */
  readonly lines: number;
  /** True where what the agent asks for does not fit beside the list: nobody allows what they have not seen. */
  readonly isRequestCut: boolean;
  /** The project of the directory that the view was opened in. */
  readonly here: string | undefined;
}
