import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {summaryOf, tidyHeadline, titleOf} from '../../src/delegation/model/headline.ts';

/** Half of a character of two UTF-16 units, without the other half. */
const LONE_HALF = /\p{Surrogate}/u;

describe('a title', () => {
  it('is the first sentence of the first line that says something', () => {
    expect(titleOf('\n---\n```\n## Review the parser. Look at errors too.\nThen more.')).toBe(
      'Review the parser',
    );
  });

  it('keeps a question mark', () => {
    expect(titleOf('Why is it slow? Find out.')).toBe('Why is it slow?');
  });

  it('is not cut at a dot inside a name', () => {
    expect(titleOf('Fix src/store/record.ts today')).toBe('Fix src/store/record.ts today');
  });

  it('drops the marks of lists, quotes and emphasis', () => {
    expect(titleOf('1. **Read** the `README`')).toBe('Read the README');
    expect(titleOf('> - x\ty')).toBe('- x y');
  });

  it('is cut at 72 characters with a sign that something is missing', () => {
    const title = titleOf('word '.repeat(50));
    expect(title.length).toBeLessThanOrEqual(72);
    expect(title.endsWith('…')).toBe(true);
  });

  it('understands every kind of line end', () => {
    for (const lineEnd of ['\n', '\r\n', '\r']) expect(titleOf(`First${lineEnd}Second`)).toBe('First');
  });
});

describe('a summary', () => {
  it('is the first line of the answer that says something', () => {
    expect(summaryOf('# \n\n# Findings: two. And more.\nrest')).toBe('Findings: two. And more.');
  });

  it('is empty for an answer without words', () => {
    expect(summaryOf('---\n\n***\n')).toBe('');
  });

  it('has 200 characters at the most', () => {
    expect(summaryOf('x'.repeat(500))).toBe(`${'x'.repeat(199)}…`);
  });
});

describe('any text', () => {
  const texts = fc.oneof(
    fc.string({unit: 'grapheme', maxLength: 600}),
    fc.string({unit: fc.constantFrom('😀', 'a', ' '), minLength: 60, maxLength: 400}),
    fc.string({unit: fc.constantFrom('#', '-', ' ', '\n', '\r', 'a', '.', '`'), maxLength: 60}),
  );

  it('gives a title and a summary of one line within their lengths', () => {
    fc.assert(
      fc.property(texts, texts, (title, summary) => {
        const headline = tidyHeadline({title, summary});
        expect(headline.title.length).toBeLessThanOrEqual(72);
        expect(headline.summary.length).toBeLessThanOrEqual(200);
        expect(`${headline.title}${headline.summary}`).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('is never cut in the middle of a character', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(titleOf(text)).not.toMatch(LONE_HALF);
        expect(summaryOf(text)).not.toMatch(LONE_HALF);
      }),
    );
  });
});
