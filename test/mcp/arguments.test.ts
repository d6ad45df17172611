import {describe, expect, it} from 'vitest';
import {meant} from '../../src/mcp/calls/arguments.ts';
import {TOOL_DEFINITIONS} from '../../src/mcp/server.ts';

const SCHEMA = {
  properties: {
    id: {type: 'string'},
    note: {type: 'string'},
    many: {type: 'integer', maximum: 100},
    minutes: {type: 'number', maximum: 60},
    free: {type: 'number'},
    access: {type: 'string', enum: ['agent', 'read-only']},
  },
  required: ['id'],
};

describe('an argument', () => {
  it.each([
    ['an optional one without text is left out', {note: '', access: ' ', many: ''}, {}],
    ['an optional one that names nothing is left out', {note: 'null', many: ' undefined '}, {}],
    [
      'an optional one that is nothing in some language is left out',
      {note: 'None', access: 'NULL', many: 'nil', minutes: false, free: [], id: 'x'},
      {id: 'x'},
    ],
    [
      'an optional one that is empty, or has quotes alone, is left out',
      {note: {}, access: null, many: '""'},
      {},
    ],
    ['text that speaks of nothing stays', {note: 'null pointers'}, {note: 'null pointers'}],
    ['a required one without text stays, for its tool to refuse', {id: ''}, {id: ''}],
    [
      'a number as text is a number',
      {many: '10', minutes: ' 2.5 ', free: '-1'},
      {many: 10, minutes: 2.5, free: -1},
    ],
    [
      'what only begins as a number stays',
      {many: '10 pages', free: '0x10'},
      {many: '10 pages', free: '0x10'},
    ],
    [
      'more than the most is the most',
      {many: 500, minutes: '61', free: 1e9},
      {many: 100, minutes: 60, free: 1e9},
    ],
    ['less than the least stays, for the schema to refuse', {many: -5}, {many: -5}],
    ['a number where text is wanted is its text', {note: 2}, {note: '2'}],
    ['a word of a list may be in another case', {access: ' READ_ONLY '}, {access: 'read-only'}],
    ['a word of a list may be written in one', {access: 'ReadOnly'}, {access: 'read-only'}],
    ['a whole number may have an empty fraction', {many: '10.0', free: 10.0}, {many: 10, free: 10}],
    ['a fraction of what is counted is rounded', {many: 10.4, minutes: 10.4}, {many: 10, minutes: 10.4}],
    ['an unknown word stays, for the schema to refuse', {access: 'all'}, {access: 'all'}],
    ['text stays as it is, blanks and all', {note: ' a '}, {note: ' a '}],
    ['an unknown one stays, for the schema to ignore', {other: 1}, {other: 1}],
  ])('%s', (_, given, expected) => {
    expect(meant(given, SCHEMA)).toEqual(expected);
  });

  it('somebody’s own words may be “None”', () => {
    const given = {id: 'x', note: 'None'};
    expect(meant(given, SCHEMA, ['note'])).toEqual(given);
    expect(meant({note: ' '}, SCHEMA, ['note'])).toEqual({});
  });

  it.each([undefined, 'text', 5])('arguments that are %j are for the schema to refuse', (given) => {
    expect(meant(given, SCHEMA)).toBe(given);
  });
});

it.each(TOOL_DEFINITIONS)(
  '$name names each default in a description, as Codex shows no other',
  ({inputSchema}) => {
    const properties = Object.entries(
      inputSchema.properties as Record<string, {default?: unknown; description?: string}>,
    );
    for (const [name, {default: value, description}] of properties) {
      if (value !== undefined) expect(description, name).toContain(`Default: ${value}.`);
    }
  },
);
