import {actionKey} from './action-keys.ts';
import type {OnScreen, ViewState} from './state.ts';
import type {Stroke} from './stroke.ts';
import type {Pressed, Room} from './turn.ts';

type Page = Exclude<OnScreen, {readonly is: 'list'}>;

/** What a key does while something is read over the whole screen. */
export function pressedInPage(
  state: ViewState,
  page: Page,
  {stroke, room}: {stroke: Stroke; room: Room},
): Pressed {
  const last = Math.max(0, room.lines - room.height);
  const to = (from: number): Pressed => ({state: {...state, shown: scrolled(page, from, last)}});
  const from = Math.min(page.from ?? last, last);
  const one = Math.max(1, room.height - 1);
  switch (stroke.key) {
    case 'up':
      return to(from - 1);
    case 'down':
      return to(from + 1);
    case 'pageUp':
      return to(from - one);
    case 'pageDown':
      return to(from + one);
    case 'home':
      return to(0);
    case 'end':
      return to(last);
    case 'enter':
    case 'escape':
      return {state: {...state, shown: {is: 'list'}}};
    case 'text':
      break;
    default:
      return {state};
  }
  const {text} = stroke;
  if (/^j+$/.test(text)) return to(from + text.length);
  if (/^k+$/.test(text)) return to(from - text.length);
  if (text === ' ') return to(from + one);
  if (text === 'g') return to(0);
  if (text === 'G') return to(last);
  if (text === 'q' || (text === '?' && page.is === 'help')) return {state: {...state, shown: {is: 'list'}}};
  return page.is === 'peek' ? actionKey(state, text) : {state};
}

/** At the end of what an agent says, what it says next is followed again. */
function scrolled(page: Page, wanted: number, last: number): Page {
  const from = Math.min(Math.max(0, wanted), last);
  if (page.is !== 'peek') return {...page, from};
  return from === last && last > 0 ? {is: 'peek'} : {is: 'peek', from};
}
