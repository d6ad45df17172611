import {describe, expect, it} from 'vitest';
import {judgeAnswer} from '../../src/schema/answer.ts';
import {MAX_SCHEMA_CHARS, problemWith} from '../../src/schema/check-schema.ts';
import {jsonIn} from '../../src/schema/json-in.ts';

const PRICE = JSON.stringify({
  type: 'object',
  properties: {items: {type: 'array', items: {$ref: '#/$defs/item'}}},
  $defs: {item: {type: 'object', required: ['price'], properties: {price: {type: 'number', minimum: 0}}}},
});

describe('the JSON value in an answer', () => {
  it.each<[string, string, string]>([
    ['is the whole of it', ' {"a": 1}\n', '{"a": 1}'],
    ['may be no object', '"five"', '"five"'],
    ['is in a block of JSON', 'Here:\n```json\n{"a": 1}\n```\nDone {x}.', '{"a": 1}'],
    ['is in a block that does not say what it is', '```\n[1, 2]\n```', '[1, 2]'],
    ['is in the only block that has one', '```ts\nx = {}\n```\n```json\n{"a": 1}\n```', '{"a": 1}'],
    ['has words around it', 'The result is {"a": [1]}. Hope that helps!', '{"a": [1]}'],
  ])('%s', (_, answer, text) => {
    expect(jsonIn(answer)).toEqual({text, value: JSON.parse(text)});
  });

  it.each([
    ['words alone', 'About five.'],
    ['what is no JSON', '{price: 5}'],
    ['several blocks', '```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```'],
    ['several values among words', 'Either {"a": 1} or {"a": 2}.'],
    ['nothing', ''],
  ])('is none of %s', (_, answer) => {
    expect(jsonIn(answer)).toBeUndefined();
  });
});

describe('an answer', () => {
  it('that fits is the text of its value', async () => {
    expect(await judgeAnswer('See {"items": [{"price": 1}]}', PRICE)).toEqual({
      text: '{"items": [{"price": 1}]}',
    });
  });

  it('that does not fit is told with each place, and not with all that is above', async () => {
    const judged = await judgeAnswer('{"items": [{"price": -1}, {}]}', PRICE);
    expect(judged).toEqual({
      why: 'items/0/price: -1 is less than 0; items/1: Instance does not have required property "price"',
    });
    const many = await judgeAnswer(JSON.stringify({items: Array.from({length: 9}, () => ({}))}), PRICE);
    expect(many).toEqual({why: expect.stringMatching(/; and 4 more$/)});
  });

  it('that a pattern takes for ever on is told in a moment', async () => {
    const before = performance.now();
    const judged = await judgeAnswer(
      `"${'a'.repeat(60)}b"`,
      JSON.stringify({type: 'string', pattern: '^(a+)+$'}),
    );
    expect(judged).toEqual({why: expect.stringContaining('a pattern of the schema takes too long')});
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe('a schema', () => {
  it('is one that an answer can be checked against', async () => {
    expect(await problemWith(JSON.parse(PRICE))).toBeUndefined();
    expect(await problemWith({$ref: '#/$defs/a', $defs: {a: {enum: [1]}}})).toBeUndefined();
    expect(
      await problemWith({type: 'object', properties: {pattern: {type: 'string'}, items: true}}),
    ).toBeUndefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', [], /no JSON object/],
    ['text', 'price', /no JSON object/],
    ['a mere example', {price: 5}, /no keyword of JSON Schema/],
    ['a type that is none', {type: 'objekt'}, /^type: /],
    ['a property that has no schema', {type: 'object', properties: {a: 'string'}}, /properties\/a: /],
    ['a pattern that is none', {type: 'string', pattern: '('}, /is no regular expression/],
    ['a name pattern that is none', {patternProperties: {'[': true}}, /is no regular expression/],
    ['another address', {$ref: 'https://example.com/s.json'}, /\$ref/],
    ['an address in its depth', {anyOf: [{$ref: 'file:///etc/passwd'}]}, /\$ref/],
    ['a reference to nowhere', {$ref: '#/$defs/a'}, /leads nowhere/],
    ['a reference to itself', {$ref: '#'}, /could not be checked/],
    ['a name of its own', {$id: 'https://example.com/s', type: 'object'}, /\$id/],
    ['too much', {enum: ['x'.repeat(MAX_SCHEMA_CHARS)]}, /the limit is 8,000/],
  ])('is not %s', async (_, given, why) => {
    expect(await problemWith(given)).toMatch(why);
  });
});
