import {describe, expect, it} from 'vitest';
import {screenMatches, screenPaths} from '../../src/opencode/read-only/search-output.ts';

const isEnv = (path: string) => path.endsWith('.env');
const REMARK =
  '(Results are truncated: showing first 100 results. Consider using a more specific path or pattern.)';

describe('what grep has found', () => {
  it('loses the files that must not be seen, and their share of the count', () => {
    const output = [
      'Found 3 matches',
      '/p/a.ts:',
      '  Line 1: one',
      '',
      '/p/.env:',
      '  Line 1: K=1',
      '  Line 2: K=2',
    ];
    expect(screenMatches(output.join('\n'), isEnv)).toEqual({
      output: 'Found 1 matches\n/p/a.ts:\n  Line 1: one',
      withheld: ['/p/.env'],
      count: 1,
    });
  });

  it('says the same as if nothing had matched where all is withheld', () => {
    expect(screenMatches('Found 1 matches\n/p/.env:\n  Line 1: K=1', isEnv).output).toBe('No files found');
  });

  it('is the same where nothing is to be withheld', () => {
    const output = `Found 2 matches (more matches available)\n/p/a.ts:\n  Line 1: one:\n\nC:\\p\\b.ts:\n  Line 7: /x:\n\n${REMARK}`;
    expect(screenMatches(output, isEnv)).toEqual({output, withheld: [], count: 2});
    expect(screenMatches('No files found', isEnv).output).toBe('No files found');
  });

  it('shows nothing that no file is named for', () => {
    expect(screenMatches('Found 1 matches\n.env\n  Line 1: K=1', isEnv).output).toBe('No files found');
  });
});

describe('what glob has found', () => {
  it('loses the files that must not be seen', () => {
    expect(screenPaths(`/p/a.ts\n/p/.env\n\n${REMARK}`, isEnv)).toEqual({
      output: `/p/a.ts\n\n${REMARK}`,
      withheld: ['/p/.env'],
      count: 1,
    });
    expect(screenPaths('/p/.env', isEnv).output).toBe('No files found');
    expect(screenPaths('No files found', isEnv)).toEqual({output: 'No files found', withheld: [], count: 0});
  });
});
