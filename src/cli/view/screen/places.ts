/** A mark for each part, which nothing else that is laid out holds: characters that Unicode leaves to private use. */
const FIRST_MARK = 0xe000;

/** Where a part begins on the screen, and how wide it is. */
export interface ScreenPlace {
  readonly row: number;
  readonly column: number;
}

/** The character that stands for the part in a layout. */
export function markOf(part: number): string {
  return String.fromCharCode(FIRST_MARK + part);
}

/** Where each of so many parts is in a frame that was laid out; `undefined` for those that are not in it. */
export function placesIn(frame: string, parts: number): readonly (ScreenPlace | undefined)[] {
  const lines = frame.split('\n');
  return Array.from({length: parts}, (_, part) => {
    const row = lines.findIndex((line) => line.includes(markOf(part)));
    return row === -1 ? undefined : {row, column: lines[row]?.indexOf(markOf(part)) ?? 0};
  });
}

/**
 * The lines of the screen, with the lines of each part at its place. What has another part to its right has to fill its
 * own width.
 */
export function composed(
  parts: readonly {
    readonly place: ScreenPlace;
    readonly columns: number;
    readonly lines: readonly string[];
  }[],
  rows: number,
): readonly string[] {
  const ordered = [...parts].sort((a, b) => a.place.column - b.place.column);
  return Array.from({length: rows}, (_, row) => {
    let text = '';
    let end = 0;
    for (const {place, columns, lines} of ordered) {
      const line = lines[row - place.row];
      if (line === undefined) continue;
      text += ' '.repeat(Math.max(0, place.column - end)) + line;
      end = place.column + columns;
    }
    return text;
  });
}
