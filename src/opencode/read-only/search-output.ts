/** What a search has found, less what must not be seen. */
export interface Screened {
  readonly output: string;
  /** The files that were left out. */
  readonly withheld: readonly string[];
  /** How many matches or files are left. */
  readonly count: number;
}

const NOTHING = 'No files found';
const MATCH = /^ {2}Line \d+: /;
/** Decides by a file's path, and by what a search shows of it, as far as it shows anything. */
type IsForbidden = (path: string, shown?: readonly string[]) => boolean;
const REMARK = /^\(Results .*\)$/;
const MORE = ' (more matches available)';

/** Screens the output of OpenCode's `glob`: a path a line, and maybe a remark in brackets. */
export function screenPaths(output: string, isForbidden: IsForbidden): Screened {
  const paths = output.split('\n').filter(isPath);
  const withheld = paths.filter((path) => isForbidden(path));
  const kept = paths.filter((path) => !withheld.includes(path));
  if (kept.length === 0) return {output: NOTHING, withheld, count: 0};
  return {output: [...kept, ...remarkIn(output)].join('\n'), withheld, count: kept.length};
}

/**
 * Screens the output of OpenCode's `grep`: a line with the number of matches, then for each file a line with its
 * path and a colon, and a line a match. The number is counted again, for it would tell what was found in secret.
 * What no file is named for is not shown.
 */
export function screenMatches(output: string, isForbidden: IsForbidden): Screened {
  const [first = '', ...lines] = output.split('\n');
  const found: {path: string; matches: string[]}[] = [];
  for (const line of lines) {
    if (line.endsWith(':') && isPath(line)) found.push({path: line.slice(0, -1), matches: []});
    else if (MATCH.test(line)) found.at(-1)?.matches.push(line);
  }
  const isHidden = ({path, matches}: (typeof found)[number]) =>
    isForbidden(
      path,
      matches.map((line) => line.replace(MATCH, '')),
    );
  const hidden = new Set(found.filter(isHidden));
  const withheld = [...hidden].map(({path}) => path);
  const kept = found.filter((file) => !hidden.has(file) && file.matches.length > 0);
  const count = kept.reduce((sum, {matches}) => sum + matches.length, 0);
  if (count === 0) return {output: NOTHING, withheld, count};
  const head = `Found ${count} matches${first.endsWith(MORE) ? MORE : ''}`;
  const shown = kept.flatMap(({path, matches}, index) => [
    ...(index === 0 ? [] : ['']),
    `${path}:`,
    ...matches,
  ]);
  return {output: [head, ...shown, ...remarkIn(output)].join('\n'), withheld, count};
}

/** Both tools name files by absolute paths. */
function isPath(line: string): boolean {
  return line.startsWith('/') || /^[A-Za-z]:[\\/]|^\\\\/.test(line);
}

/** That there is more than was shown, which both tools say at their end. */
function remarkIn(output: string): readonly string[] {
  const last = output.slice(output.lastIndexOf('\n') + 1);
  return REMARK.test(last) ? ['', last] : [];
}
