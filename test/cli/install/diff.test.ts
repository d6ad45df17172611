import {describe, expect, it} from 'vitest';
import {diffOf} from '../../../src/cli/install/diff.ts';

describe('the change of a file', () => {
  it('is nothing where nothing changes', () => {
    expect(diffOf('a\nb\n', 'a\nb\n')).toEqual([]);
  });

  it('shows a new file whole', () => {
    expect(diffOf('', '{\n  "a": 1\n}\n')).toEqual(['@@ line 1 @@', '+{', '+  "a": 1', '+}']);
  });

  it('shows each place with the lines around it', () => {
    const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', ''].join('\n');
    const after = ['a', 'b', 'c', 'c,', 'new', 'd', 'e', 'f', 'g', 'H', 'i', ''].join('\n');
    expect(diffOf(before, after)).toEqual([
      ...['@@ line 4 @@', ' b', ' c', '+c,', '+new', ' d', ' e'],
      ...['@@ line 8 @@', ' f', ' g', '-h', '+H', ' i'],
    ]);
  });

  it('shows what cannot be seen', () => {
    expect(diffOf('', 'a\u001b[2J\n')).toEqual(['@@ line 1 @@', '+a\\u{1b}[2J']);
  });

  it('takes no time for a large file', () => {
    const many = Array.from({length: 50_000}, (_, at) => `line ${at}`);
    const after = [...many.slice(0, 100), 'new', ...many.slice(100), 'last'].join('\n');
    const begun = performance.now();
    expect(diffOf(many.join('\n'), after)).toHaveLength(12 - 2);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
