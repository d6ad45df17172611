/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** What it is measured against, in the same run, with its name. */
  readonly baseline: string;
  readonly ratio: string;
  readonly goal: string;
  /** Absent where no goal is set. */
  readonly met?: boolean;
}

const HEADER = ['what', 'measured', 'baseline', 'ratio', 'goal', 'met?'] as const;

/** Aligned for a monospaced font. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [HEADER, ...rows.map(cells)];
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [HEADER, rule, ...lines.slice(1)]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One row as it is printed when it is measured. */
export function renderLine(row: Row): string {
  const [what, measured, baseline, ratio, goal, met] = cells(row);
  return `  ${what}: ${measured} (${baseline}; ${ratio}; goal ${goal}: ${met})`;
}

export function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

export function times(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)}x`;
}

function cells({what, measured, baseline, ratio, goal, met}: Row): readonly string[] {
  return [what, measured, baseline, ratio, goal, met === undefined ? '-' : met ? 'yes' : 'NO'];
}
