import fc from 'fast-check';
import {dump, JSON_SCHEMA, load} from 'js-yaml';
import {describe, expect, it, test} from 'vitest';
import {loadSimple} from '../../src/store/record/simple-yaml.ts';

const PIECES = [
  ...['a', 'key', 'null', 'true', '1', '0', '.', '-', '- ', 'e', '0x1f', '0b1', '0o7', '_', '~', '+'],
  ...[
    ':',
    ': ',
    ' :',
    '#',
    ' #',
    "'",
    "''",
    '"',
    '\\',
    '\\n',
    '\\x41',
    '|',
    '|-',
    '>',
    '?',
    '? ',
    '!',
    '&',
    '*',
  ],
  ...[
    '[',
    ']',
    '[]',
    '{}',
    ',',
    '%',
    '@',
    '`',
    '/',
    ' ',
    '  ',
    '\n',
    '\n\n',
    '\n  ',
    '\t',
    '\r',
    '...',
    '---',
  ],
  ...[
    '😀',
    'é',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\u0000',
    '\ud800',
    '2026-11-27T08:05:54.086Z',
    '1.2.3',
  ],
] as const;

const aText = fc.oneof(
  fc.string({unit: fc.constantFrom(...PIECES), maxLength: 8}),
  fc.string({unit: 'grapheme'}),
  fc.string({unit: 'binary'}),
);
const aKey = fc.constantFrom('id', 'title', 'tool_calls', 'null', 'true', 'length', 'y', 'n');
const aLeaf = fc.oneof(aText, aText, fc.nat(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const {tree} = fc.letrec<{tree: Record<string, unknown>; value: unknown}>((tie) => ({
  tree: fc.dictionary(aKey, tie('value'), {noNullPrototype: true}),
  value: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    aLeaf,
    fc.array(tie('value'), {maxLength: 3}),
    tie('tree'),
  ),
}));

/** As every other reader of YAML. */
function loadAll(yaml: string): unknown {
  return load(yaml, {schema: JSON_SCHEMA});
}

function expectSame(yaml: string): void {
  const simple = loadSimple(yaml);
  if (simple !== undefined) expect(simple).toStrictEqual(loadAll(yaml));
}

describe('YAML that is read the fast way', () => {
  it('is read as every reader of YAML does, whatever was written', () => {
    fc.assert(
      fc.property(tree, (given) =>
        expectSame(dump(given, {schema: JSON_SCHEMA, lineWidth: -1, noRefs: true})),
      ),
      {numRuns: 3_000},
    );
  });

  it('is read as every reader of YAML does, whatever a person has made of it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom('', '  ', '    ', '- ', '  - '), aKey, fc.constantFrom(':', ': '), aText),
        ),
        (lines) => expectSame(lines.map((line) => `${line.join('')}\n`).join('')),
      ),
      {numRuns: 3_000},
    );
  });

  test.each([
    ['words', 'a: word\nb: two words\nc: /a/path\n'],
    ['numbers', 'a: 0\nb: 12\nc: 0.0123\n'],
    ['what looks like a number', "a: '12'\nb: 1.2.3\nc: 9f3a\nd: 2026-11-27T08:05:54.086Z\n"],
    ['quotes', `a: 'it''s: so'\nb: "a\\nb \\"c\\" \\u0000"\nc: ''\nd: ""\n`],
    ['lists', 'a: []\nb:\n  - x\n  - 1\nc:\n  - d: 1\n    e:\n      - y\n  - d: 2\n'],
    ['maps', 'a:\n  b:\n    c: 1\n  d: 2\ne: 3\n'],
    ['lines', 'a: |-\n  one\n\n   two\nb:\n  c: |2-\n     three\n  d: |\n    four\n'],
  ])('has %s', (_, yaml) => {
    expect(loadSimple(yaml)).toStrictEqual(loadAll(yaml));
  });

  test.each([
    ['a comment', 'a: b # c\n'],
    ['an anchor', 'a: &x b\nc: *x\n'],
    ['a value on the next line', 'a:\n  b\n'],
    ['a value of two lines', 'a: b\n  c\n'],
    ['a key twice', 'a: b\na: c\n'],
    ['no value', 'a:\nb: c\n'],
    ['another step', 'a:\n   b: c\n'],
    ['a map in one line', 'a: {b: c}\n'],
    ['a truth', 'a: true\n'],
    ['a number in another notation', 'a: 0x1f\n'],
    ['a tab', 'a: b\tc\n'],
    ['an end of another system', 'a: b\r\n'],
    ['an empty line', 'a: b\n\nc: d\n'],
    ['no line end', 'a: b'],
    ['nothing', ''],
  ])('has not %s', (_, yaml) => {
    expect(loadSimple(yaml)).toBeUndefined();
  });
});
