import {pressedInList} from './list-keys.ts';
import {pressedInPage} from './page-keys.ts';
import {pressedInPrompt} from './prompt-keys.ts';
import type {ViewState} from './state.ts';
import type {Stroke} from './stroke.ts';
import type {Pressed, Room} from './turn.ts';

/** What a key does, wherever it is pressed. What the last one had said is out of date by then. */
export function pressed(before: ViewState, stroke: Stroke, room: Room): Pressed {
  if (stroke.key === 'interrupt') return {state: before, effect: {does: 'leave'}};
  const state: ViewState = {...before, status: undefined};
  if (state.prompt !== undefined) return pressedInPrompt(state, state.prompt, stroke);
  if (state.shown.is === 'list') return pressedInList(state, stroke, room);
  return pressedInPage(state, state.shown, {stroke, room});
}
