import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Page, pageOf} from '../../src/mcp/render/page.ts';

/** Characters of one and two units, and halves that stand alone. */
const texts = fc.oneof(
  fc.string({unit: 'binary'}),
  fc.string({unit: fc.constantFrom('a', '\n', '😀', '👩‍👩‍👧', '\ud83d', '\ude00'), maxLength: 60}),
);
const sizes = fc.integer({min: 1, max: 20});

function pagesOf(text: string, size: number): readonly Page[] {
  const pages: Page[] = [];
  let offset: number | undefined = 0;
  // No text can have more pages than units: more means that no progress is made.
  while (offset !== undefined && pages.length <= text.length) {
    const page: Page = pageOf(text, {offset, size});
    pages.push(page);
    offset = page.next;
  }
  return pages;
}

describe('pages that follow each other', () => {
  it('join to exactly the text', () => {
    fc.assert(
      fc.property(texts, sizes, (text, size) => {
        const pages = pagesOf(text, size);
        expect(pages.map((page) => page.text).join('')).toBe(text);
        expect(pages.at(-1)).not.toHaveProperty('next');
      }),
    );
  });

  it('always get on, and are never larger than asked except for one character of two units', () => {
    fc.assert(
      fc.property(texts, sizes, (text, size) => {
        for (const page of pagesOf(text, size)) {
          if (page.next !== undefined) expect(page.next).toBe(page.offset + page.text.length);
          if (text !== '') expect(page.text).not.toBe('');
          expect(page.text.length).toBeLessThanOrEqual(Math.max(size, 2));
          expect(page.total).toBe(text.length);
        }
      }),
    );
  });

  it('never cut a character in two', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), sizes, (text, size) => {
        for (const page of pagesOf(text, size)) expect(page.text).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});

describe('a page', () => {
  it('that is asked for in the middle of a character starts at its beginning', () => {
    expect(pageOf('a😀b', {offset: 2, size: 10})).toEqual({text: '😀b', offset: 1, total: 4});
  });

  it('of size one holds a whole character of two units', () => {
    expect(pageOf('😀b', {offset: 0, size: 1})).toEqual({text: '😀', offset: 0, total: 3, next: 2});
  });

  it('beyond the end is empty and the last', () => {
    expect(pageOf('abc', {offset: 99, size: 2})).toEqual({text: '', offset: 3, total: 3});
  });

  it('of an empty text is empty and the last', () => {
    expect(pageOf('', {offset: 0, size: 5})).toEqual({text: '', offset: 0, total: 0});
  });

  it('that ends where the text ends names no next one', () => {
    expect(pageOf('abcd', {offset: 2, size: 2})).toEqual({text: 'cd', offset: 2, total: 4});
  });
});
