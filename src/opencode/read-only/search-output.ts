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
const REMARK = /^\(Results .*\)$/;
const MORE = ' (more matches available)';

/** Screens the output of OpenCode's `glob`: a path a line, and maybe a remark in brackets. */
export function screenPaths(output: string, isForbidden: (path: string) => boolean): Screened {
  const paths = output.split('\n').filter(isPath);
  const withheld = paths.filter(isForbidden);
  const kept = paths.filter((path) => !withheld.includes(path));
  if (kept.length === 0) return {output: NOTHING, withheld, count: 0};
  return {output: [...kept, ...remarkIn(output)].join('\n'), withheld, count: kept.length};
}

/**
 * Screens the output of OpenCode's `grep`: a line with the number of matches, then for each file a line with its
 * path and a colon, and a line a match. The number is counted anew, for it would tell what was found in secret.
 * What no file is named for is not shown.
 */
export function screenMatches(output: string, isForbidden: (path: string) => boolean): Screened {
  const [first = '', ...lines] = output.split('\n');
  const withheld: string[] = [];
  const kept: string[] = [];
  let count = 0;
  let isHidden = true;
  for (const line of lines) {
    if (line.endsWith(':') && isPath(line)) {
      const path = line.slice(0, -1);
      isHidden = isForbidden(path);
      if (isHidden) withheld.push(path);
      else kept.push(...(kept.length === 0 ? [line] : ['', line]));
    } else if (!isHidden && MATCH.test(line)) {
      kept.push(line);
      count += 1;
    }
  }
  if (count === 0) return {output: NOTHING, withheld, count};
  const found = `Found ${count} matches${first.endsWith(MORE) ? MORE : ''}`;
  return {output: [found, ...kept, ...remarkIn(output)].join('\n'), withheld, count};
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
