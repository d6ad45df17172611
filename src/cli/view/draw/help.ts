/** What the keys do, for `?`. docs/live-view.md says the same. */
export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['up, down, k, j', 'select another delegation, or scroll'],
  ['PgUp, PgDn, g, G', 'a screen further, to the first, to the last'],
  ['Enter, Space', 'read the result, or the conversation so far'],
  ['a', 'allow what it asks for, this once, or answer its question'],
  ['d', 'deny it; you may say why'],
  ['m', 'tell its agent something more'],
  ['c', 'cancel it; you are asked once more'],
  ['v', 'the change in its worktree'],
  ['o', 'open its session in OpenCode'],
  ['y', 'copy its id'],
  ['/', 'show only what has a text in it; Esc shows all again'],
  ['p', 'show only this project, or all'],
  ['?', 'this help'],
  ['q, Ctrl-C', 'leave; what runs goes on'],
];

const WIDTH = Math.max(...KEYS.map(([keys]) => keys.length));

export const HELP: readonly string[] = [
  'Keys',
  '',
  ...KEYS.map(([keys, does]) => `${keys.padEnd(WIDTH)}  ${does}`),
  '',
  'Leaving changes nothing: delegations run in the background.',
];
