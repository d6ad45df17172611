import {mkdtempSync, readFileSync, realpathSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {expectNoProcessIn, madeIn, runDemo} from './support/demo.ts';
import {Page} from './support/markdown.ts';

/** What differs from one run of the demo to the next: ids, times, folders, and the marks around an answer. */
const DIFFERING: readonly (readonly [RegExp, string])[] = [
  [/[\d,]+ m?s\b/g, 'TIME'],
  [/(?<=: )\S+(?=\/[a-z-]+-[0-9a-f]{8}\/)/, 'FOLDER'],
  [/\b[0-9a-f]{8}\b/g, 'DIGITS'],
];
/** A report of progress: how many calls it has counted when it comes is up to the machine. */
const PROGRESS = /^ {2}(\S+) +\d+ tool calls? · .+$/;

describe('the demo', () => {
  /** All that the demo makes is made here, and every process it starts has the path in its environment. */
  let temporary: string;

  beforeEach(() => {
    temporary = realpathSync(mkdtempSync(join(tmpdir(), 'demo-test-')));
  });

  afterEach(() => {
    rmSync(temporary, {recursive: true, force: true, maxRetries: 5});
  });

  it('delegates two pieces of work, shows their progress and results, and leaves only the files it names', async () => {
    const {exitCode, stdout, stderr} = await runDemo({temporary});
    expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''});

    expect(stdout).toContain('docs/price.md lists the 3 functions that src/price.ts exports');
    expect(stdout).toContain('There are 3 TODOs in 2 files:');
    expect(stdout).toContain('- `discount(cents: number, percent: number): number`');
    expect(stdout).toMatch(/^ {2}\w+-\w+-\w+ +1 tool call · read .+ · \d+ s$/m);
    expect(stdout).not.toContain('\u001b');

    const files = [...stdout.matchAll(/^ {2}file +(.+\.md)$/gm)].map(([, file = '']) => file);
    expect(files).toHaveLength(2);
    for (const file of files) expect(readFileSync(file, 'utf8')).toMatch(/^---\nid: .+\nstatus: completed\n/);
    expect(madeIn(temporary)).toEqual([expect.stringMatching(/^opencode-delegate-demo-/)]);
    expectToBePictured(stdout);
    await expectNoProcessIn(temporary);
  });

  it('clears up when it is interrupted', async () => {
    const {exitCode} = await runDemo({temporary, interruptAt: /tool calls? · /});
    expect(exitCode).toBe(130);
    expect(madeIn(temporary)).toEqual([]);
    await expectNoProcessIn(temporary);
  });
});

/** Every line that the README shows is one that the demo prints, and in the same order. */
function expectToBePictured(stdout: string): void {
  const picture = new Page('README.md').fence('## See it work', '');
  const printed = settled(stdout);
  let from = 0;
  for (const line of settled(picture)) {
    const at = printed.indexOf(line, line.startsWith('progress of') ? 0 : from);
    expect(at, `the demo prints after line ${from}: ${line}`).toBeGreaterThan(-1);
    from = Math.max(from, at + 1);
  }
  expect(from).toBeGreaterThan(0);
}

/** The lines without what differs; ids are named in the order in which they come. */
function settled(text: string): readonly string[] {
  const ids = [...new Set(text.match(/^ +answer +[a-z]+-[a-z]+-[a-z]+/gm))].map(
    (line) => line.split(/ +/).at(-1) ?? '',
  );
  const named = ids.reduce((rest, id, n) => rest.replaceAll(id, `ID${n + 1}`), text);
  return named
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(PROGRESS, 'progress of $1'))
    .map((line) => DIFFERING.reduce((rest, [pattern, word]) => rest.replace(pattern, word), line));
}
