import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${ROOT}/docs/decisions.md`, 'utf8');
const DECISIONS = page.split(/^### /m).slice(1);

describe('the page about decisions', () => {
  it('says of each where it is in the code, and what was rejected', () => {
    expect(DECISIONS.length).toBeGreaterThan(20);
    const bare = DECISIONS.filter((decision) => !/ Code: `src\/.*\n\nRejected: \S/.test(decision));
    expect(bare.map((decision) => decision.split('\n')[0])).toEqual([]);
  });

  it('names only files that there are', () => {
    const named = [...page.matchAll(/`(src\/[^`\s]+)`/g)].map(([, path = '']) => path);
    expect(named.filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([]);
  });
});
