import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {HELD_ELSEWHERE} from '../facts/held-elsewhere.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const page = read('docs/opencode-facts.md');

function read(path: string): string {
  return readFileSync(`${ROOT}/${path}`, 'utf8');
}

interface Fact {
  readonly number: number;
  readonly code: readonly string[];
  readonly tests: readonly {readonly file: string; readonly title: string}[];
}

const FACTS = page
  .split(/^### /m)
  .slice(1)
  .map((section): Fact => {
    const code = /^- Code: (.*)$/m.exec(section)?.[1] ?? '';
    const tests = [...section.matchAll(/^- Test: `([^`]+)`: (.+)$/gm)];
    return {
      number: Number.parseInt(section, 10),
      code: [...code.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
      tests: tests.map(([, file = '', title = '']) => ({file, title})),
    };
  });

describe('the page about OpenCode', () => {
  it('numbers its facts, and names code and a test for each', () => {
    expect(FACTS.map(({number}) => number)).toEqual(FACTS.map((_, n) => n + 1));
    expect(FACTS.filter(({code, tests}) => code.length === 0 || tests.length === 0)).toEqual([]);
  });

  it('names only code that there is', () => {
    const named = [...page.matchAll(/`(src\/[^`]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(FACTS.length);
    expect(named.filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([]);
  });

  it('names only tests that there are', () => {
    const missing = FACTS.flatMap(({tests}) => tests).filter(({file, title}) => !read(file).includes(title));
    expect(missing).toEqual([]);
  });

  it('names only tests that test:facts runs, and every file that it runs for them', () => {
    const files = new Set(FACTS.flatMap(({tests}) => tests.map(({file}) => file)));
    const elsewhere = [...files].filter((file) => !file.startsWith('test/facts/'));
    expect(elsewhere.sort()).toEqual([...HELD_ELSEWHERE]);
  });

  it('says for which OpenCode it holds', () => {
    const {devDependencies} = JSON.parse(read('package.json')) as {devDependencies: Record<string, string>};
    expect(page).toContain(`OpenCode ${devDependencies['opencode-ai']}`);
  });
});
