const NAMED = [
  ...['up', 'down', 'pageUp', 'pageDown', 'home', 'end'],
  ...['enter', 'escape', 'backspace', 'interrupt'],
] as const;

/** A key that was pressed, or text that was typed or pasted. */
export type Stroke =
  | {readonly key: 'up' | 'down' | 'pageUp' | 'pageDown' | 'home' | 'end'}
  | {readonly key: 'enter' | 'escape' | 'backspace' | 'interrupt'}
  | {readonly key: 'text'; readonly text: string};

/** What a terminal library tells of a key; ink's own type has more. */
export interface ToldKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
}

/** Ctrl-C within a chunk of other input. */
const INTERRUPT = '\u0003';

/** The key that was pressed; `undefined` for those that mean nothing here. */
export function strokeOf(input: string, told: ToldKey): Stroke | undefined {
  if ((told.ctrl && input === 'c') || input.includes(INTERRUPT)) return {key: 'interrupt'};
  const pressed: Record<(typeof NAMED)[number], boolean> = {
    up: told.upArrow,
    down: told.downArrow,
    pageUp: told.pageUp,
    pageDown: told.pageDown,
    home: told.home,
    end: told.end,
    enter: told.return,
    escape: told.escape,
    // What the key left of the backspace sends depends on the terminal.
    backspace: told.backspace || told.delete,
    interrupt: false,
  };
  const key = NAMED.find((name) => pressed[name]);
  if (key !== undefined) return {key};
  return input === '' || told.ctrl || told.meta ? undefined : {key: 'text', text: input};
}
