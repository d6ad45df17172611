import {type OnScreen, selectedIn, type ViewState, wordsIn} from '../state/state.ts';
import {detailOf} from './detail.ts';
import {keysLine, layoutOf, statusLine, titleLine} from './frame.ts';
import {listLines} from './list.ts';
import {inSight, pageLines} from './page.ts';
import type {Area} from './paint.ts';

/** A part of the screen, and the lines that are shown in it. */
export type PartName = 'title' | 'list' | 'rule' | 'detail' | 'page' | 'status';
export type Parts = Readonly<Partial<Record<PartName, readonly string[]>>>;

/** How the screen is divided: three ways for the list, and one for what is read over all of it. */
export type Shape = 'wide' | 'stacked' | 'narrow' | 'page';

export function shapeOf(shown: OnScreen, area: Area): Shape {
  return shown.is === 'list' ? layoutOf(area).is : 'page';
}

/** What is in each part of the screen now. */
export function partLines(state: ViewState, area: Area): Parts {
  const {is, body, list, detail} = layoutOf(area);
  const around: Parts = {
    title: [titleLine(state, area)],
    status: [statusLine(state, area), keysLine(state, area)],
  };
  if (state.shown.is !== 'list')
    return {...around, page: inSight(pageLines(state, body), state.shown, body.rows)};
  return {
    ...around,
    list: listLines(state, list),
    ...(is === 'stacked' && {rule: [area.paint('faint', '─'.repeat(area.columns))]}),
    ...(is !== 'narrow' && {
      detail: detailOf(selectedIn(state), {words: wordsIn(state), area: detail}).lines,
    }),
  };
}
