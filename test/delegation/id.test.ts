import fc from 'fast-check';
import {expect, it, test} from 'vitest';
import {newId, parseId} from '../../src/delegation/model/id.ts';

it('every new id can be parsed and stays as it is', () => {
  for (let n = 0; n < 5_000; n++) {
    const id = newId();
    expect(parseId(id)).toBe(id);
  }
});

test.each([
  ['swift-amber-otter', 'plain'],
  [' swift-amber-otter\n', 'in blanks'],
  ['"swift-amber-otter"', 'in double quotes'],
  ["'swift-amber-otter'", 'in single quotes'],
  ['`swift-amber-otter`', 'in back-ticks'],
  ['“swift-amber-otter”', 'in typographic quotes'],
  ['Swift-Amber-OTTER', 'in another case'],
  ['" `Swift-Amber-Otter` "', 'in all of them'],
  ['<swift-amber-otter>', 'in angle brackets'],
  ['@swift-amber-otter', 'as people are named'],
  ['swift-amber-otter.', 'at the end of a sentence'],
  ['**swift-amber-otter**', 'in bold'],
  ['`swift-amber-otter`:', 'before a colon'],
  ['[swift-amber-otter]', 'in brackets'],
  ['delegation://swift-amber-otter', 'as a URI'],
  ['@delegation://Swift-Amber-Otter/', 'as a person attaches it'],
  ['swift-amber-otter.md', 'as the name of its file'],
  ['`/home/ada/.local/share/opencode/delegations/shop/swift-amber-otter.md`', 'as the path of its file'],
  ['C:\\data\\shop\\swift-amber-otter.md', 'as its path on Windows'],
])('%j is understood: %s', (given) => {
  expect(parseId(given)).toBe('swift-amber-otter');
});

test.each([
  '',
  '   ',
  '""',
  '../../x',
  '../swift-amber-otter',
  'swift-amber-otter/../x',
  'swift-amber-otter.txt',
  'delegation://swift-amber-otter/../x',
  'delegation:///shop/swift-amber-otter.md',
  'https://example.com/swift-amber-otter',
  'swift-amber',
  'swift-amber-otter-two',
  'swift amber otter',
  'swift_amber_otter',
  'swift-amber-',
  'swift-amber-otter\u0000',
  'swift-amb3r-otter',
  'çwift-amber-otter',
])('%j cannot be an id', (given) => {
  expect(parseId(given)).toBeUndefined();
});

it('what passes is safe as a file name, whatever was given', () => {
  const piece = fc.constantFrom('swift', 'a', '-', '/', '\\', '..', '"', ' ', '\u0130', '\u212a', 'Z', '\n');
  fc.assert(
    fc.property(fc.oneof(fc.string({unit: 'grapheme'}), fc.string({unit: piece})), (given) => {
      const id = parseId(given);
      if (id !== undefined) expect(id).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
    }),
  );
});
