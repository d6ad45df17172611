import {fileLine} from '../../base/safe-text.ts';

/** As many lines are shown around a change. */
const AROUND = 2;

/**
 * The change of a text as a patch has it, with hidden characters shown. It has one place: all between the first and the
 * last line that differ, with what is common within left out of it.
 */
export function diffOf(before: string, after: string): readonly string[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  const hunks: string[] = [];
  let [at, to] = [0, 0];
  while (at < a.length || to < b.length) {
    if (at < a.length && a[at] === b[to]) {
      at += 1;
      to += 1;
      continue;
    }
    const [gone, come] = differing(a.slice(at), b.slice(to));
    hunks.push(
      `@@ line ${at + 1} @@`,
      ...shown(' ', a.slice(Math.max(0, at - AROUND), at)),
      ...shown('-', a.slice(at, at + gone)),
      ...shown('+', b.slice(to, to + come)),
      ...shown(' ', a.slice(at + gone, at + gone + AROUND)),
    );
    at += gone;
    to += come;
  }
  return hunks;
}

/** How many lines go and come before both texts are the same again for a line. The fewest of both together. */
function differing(a: readonly string[], b: readonly string[]): readonly [gone: number, come: number] {
  for (let sum = 1; sum <= a.length + b.length; sum += 1) {
    for (let gone = Math.max(0, sum - b.length); gone <= Math.min(sum, a.length); gone += 1) {
      const come = sum - gone;
      const isSame = gone < a.length && come < b.length && rest(a, gone) === rest(b, come);
      if (isSame || (gone === a.length && come === b.length)) return [gone, come];
    }
  }
  return [a.length, b.length];
}

/** A line alone, a brace say, comes again too often. */
function rest(lines: readonly string[], at: number): string {
  return lines.slice(at, at + 3).join('\n');
}

function shown(mark: string, lines: readonly string[]): readonly string[] {
  return lines.map((line) => `${mark}${fileLine(line.replace(/\r$/, ''))}`);
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
