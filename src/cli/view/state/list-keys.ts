import {actionKey} from './action-keys.ts';
import {filtered, moved, narrowed} from './arrange.ts';
import {selectedIn, type ViewState} from './state.ts';
import type {Stroke} from './stroke.ts';
import type {Pressed, Room} from './turn.ts';

/** What a key does while the list is shown. */
export function pressedInList(state: ViewState, stroke: Stroke, room: Room): Pressed {
  const page = Math.max(1, room.height - 2);
  switch (stroke.key) {
    case 'up':
      return {state: moved(state, -1)};
    case 'down':
      return {state: moved(state, 1)};
    case 'pageUp':
      return {state: moved(state, -page)};
    case 'pageDown':
      return {state: moved(state, page)};
    case 'home':
      return {state: moved(state, Number.NEGATIVE_INFINITY)};
    case 'end':
      return {state: moved(state, Number.POSITIVE_INFINITY)};
    case 'enter':
      return {state: peeking(state)};
    case 'escape':
      return {state: filtered(state, '')};
    case 'text':
      return typed(state, stroke.text, room);
    default:
      return {state};
  }
}

function typed(state: ViewState, text: string, room: Room): Pressed {
  // A key that is held down comes several times at once.
  if (/^j+$/.test(text)) return {state: moved(state, text.length)};
  if (/^k+$/.test(text)) return {state: moved(state, -text.length)};
  switch (text) {
    case ' ':
      return {state: peeking(state)};
    case 'g':
      return {state: moved(state, Number.NEGATIVE_INFINITY)};
    case 'G':
      return {state: moved(state, Number.POSITIVE_INFINITY)};
    case '/':
      return {state: {...state, prompt: {is: 'filter', text: state.filter, before: state.filter}}};
    case 'p':
      return {state: narrowed(state, state.project === undefined ? room.here : undefined)};
    case 'q':
      return {state, effect: {does: 'leave'}};
    case 'a':
      return room.isRequestCut ? {state: seenFirst(state)} : actionKey(state, text);
    default:
      return actionKey(state, text);
  }
}

function seenFirst(state: ViewState): ViewState {
  const text = 'This is all that it asks for. Read it, then press a again.';
  return {...peeking(state), status: {text, look: 'attention'}};
}

function peeking(state: ViewState): ViewState {
  const shown = selectedIn(state);
  if (shown === undefined) return state;
  // A result is read from its beginning, and what goes on from its end.
  return {...state, shown: shown.ended_at === undefined ? {is: 'peek'} : {is: 'peek', from: 0}};
}
