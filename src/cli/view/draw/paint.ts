import type {Style} from '../../terminal/terminal.ts';

/** Puts the colours of a style around a text, where the terminal has any. */
export type Paint = (look: Style, text: string) => string;

/** The part of the screen that something is drawn on. */
export interface Area {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
