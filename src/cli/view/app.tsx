import {Box, Text, useInput} from 'ink';
import {memo, type ReactNode, useSyncExternalStore} from 'react';
import {detailOf} from './draw/detail.ts';
import {keysLine, layoutOf, statusLine, titleLine} from './draw/frame.ts';
import {listLines} from './draw/list.ts';
import {inSight, pageLines} from './draw/page.ts';
import type {Area, Paint} from './draw/paint.ts';
import {selectedIn, wordsIn} from './state/state.ts';
import type {ToldKey} from './state/stroke.ts';
import type {ViewStore} from './store.ts';

export interface AppProps {
  readonly store: ViewStore;
  readonly size: () => {readonly columns: number; readonly rows: number};
  readonly paint: Paint;
  readonly onKey: (input: string, key: ToldKey) => void;
}

/** The live view: a title, the list with the selected delegation or a page, and two lines below. */
export function App({store, size, paint, onKey}: AppProps): ReactNode {
  const {state, now} = useSyncExternalStore(store.subscribe, store.snapshot);
  useInput(onKey);
  const area: Area = {...size(), paint, now};
  return (
    <Box flexDirection="column" width={area.columns} height={area.rows} overflow="hidden">
      <Lines lines={[titleLine(state, area)]} area={{...area, rows: 1}} />
      {state.shown.is === 'list' ? (
        <Body {...{state, area}} />
      ) : (
        <Page {...{state, area: layoutOf(area).body}} />
      )}
      <Lines lines={[statusLine(state, area), keysLine(state, area)]} area={{...area, rows: 2}} />
    </Box>
  );
}

interface PartProps {
  readonly state: ReturnType<ViewStore['snapshot']>['state'];
  readonly area: Area;
}

function Body({state, area}: PartProps): ReactNode {
  const {is, list, detail, body} = layoutOf(area);
  const words = wordsIn(state);
  const {lines} = detailOf(selectedIn(state), {words, area: detail});
  const rule = area.paint('faint', '─'.repeat(Math.max(0, area.columns)));
  return (
    <Box
      flexDirection={is === 'wide' ? 'row' : 'column'}
      height={body.rows}
      columnGap={is === 'wide' ? 2 : 0}
      flexShrink={0}
    >
      <Lines lines={listLines(state, list)} area={list} />
      {is === 'stacked' && <Lines lines={[rule]} area={{...area, rows: 1}} />}
      {is !== 'narrow' && <Lines lines={lines} area={detail} />}
    </Box>
  );
}

function Page({state, area}: PartProps): ReactNode {
  return <Lines lines={inSight(pageLines(state, area), state.shown, area.rows)} area={area} />;
}

/** Lines that fit, in a box of their own. */
function Lines({lines, area: {columns, rows}}: {lines: readonly string[]; area: Area}): ReactNode {
  return (
    <Box flexDirection="column" width={columns} height={rows} flexShrink={0}>
      {Array.from({length: rows}, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is known by its place alone.
        <Line key={row} text={lines[row] ?? ''} />
      ))}
    </Box>
  );
}

/** A row that has not changed is not looked at again. */
const Line = memo(function Line({text}: {text: string}): ReactNode {
  return <Text wrap="truncate">{text === '' ? ' ' : text}</Text>;
});
