import {Box, Text, useInput} from 'ink';
import type {ReactNode} from 'react';
import type {Layout} from './draw/frame.ts';
import type {PartName, Shape} from './draw/parts.ts';
import type {ToldKey} from './state/stroke.ts';

export interface AppProps {
  readonly shape: Shape;
  readonly layout: Layout;
  /** What stands for a part in the frame. */
  readonly mark: (part: PartName) => string;
  readonly onKey: (input: string, key: ToldKey) => void;
}

/**
 * Lays the screen out and takes its keys. Each part is a mark here, and its lines are put in where that comes to be: ink
 * takes every frame apart into characters, which for a large screen costs more than everything else together.
 */
export function App({shape, layout, mark, onKey}: AppProps): ReactNode {
  useInput(onKey);
  const {columns, rows} = layout.screen;
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Part name="title" rows={1} mark={mark} />
      {shape === 'page' ? (
        <Part name="page" rows={layout.body.rows} mark={mark} />
      ) : (
        <Body shape={shape} layout={layout} mark={mark} />
      )}
      <Part name="status" rows={2} mark={mark} />
    </Box>
  );
}

function Body({shape, layout: {list, detail}, mark}: Omit<AppProps, 'onKey'>): ReactNode {
  const isWide = shape === 'wide';
  return (
    <Box flexDirection={isWide ? 'row' : 'column'} columnGap={isWide ? 2 : 0} flexShrink={0}>
      <Part name="list" columns={list.columns} rows={list.rows} mark={mark} />
      {shape === 'stacked' && <Part name="rule" rows={1} mark={mark} />}
      {shape !== 'narrow' && <Part name="detail" columns={detail.columns} rows={detail.rows} mark={mark} />}
    </Box>
  );
}

interface PartProps extends Pick<AppProps, 'mark'> {
  readonly name: PartName;
  readonly columns?: number;
  readonly rows: number;
}

function Part({name, columns, rows, mark}: PartProps): ReactNode {
  return (
    <Box width={columns ?? '100%'} height={rows} flexShrink={0} overflow="hidden">
      <Text>{mark(name)}</Text>
    </Box>
  );
}
