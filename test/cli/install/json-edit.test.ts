import {parse} from 'jsonc-parser';
import {describe, expect, it} from 'vitest';
import {insertJson, type JsonPath, removeJson} from '../../../src/cli/install/json-edit.ts';

const SERVER = {command: 'opencode-delegate', args: []};
const PATH = ['mcpServers', 'opencode-delegate'];

/** Takes back what was put in, with the containers that had to be made. */
function takenBack(before: string, path: JsonPath, value: unknown): string {
  const {text, made} = insertJson(before, path, value);
  const place = path.at(-1) === '-' ? [...path.slice(0, -1), lengthAt(text, path.slice(0, -1)) - 1] : path;
  return [...made].reverse().reduce(removeJson, removeJson(text, place));
}

function lengthAt(text: string, path: JsonPath): number {
  const list = path.reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], parse(text));
  return (list as unknown[]).length;
}

const FILES = {
  'an empty object': '{}',
  'an object on one line': '{ "a": 1 }\n',
  'two spaces': '{\n  "a": 1\n}\n',
  tabs: '{\n\t"a": {\n\t\t"b": 2\n\t}\n}',
  'CRLF line ends': '{\r\n    "a": 1\r\n}\r\n',
  'comments, and a comma at the end': '// top\n{\n  // about a\n  "a": 1, // why\n}\n// below\n',
  'a comment after the last value': '{\n  "a": 1 // why\n}\n',
  'a comment between value and comma': '{\n  "a": 1 /* why */ ,\n  "b": 2\n}\n',
  'other servers': '{\n  "mcpServers": {\n    "x": {"command": "x"} // mine\n  },\n  "z": [1, 2]\n}\n',
  'other servers, with a comma': '{"mcpServers": {\n    "x": {"command": "x"},\n  },\n}',
  'servers on one line': '{"mcpServers": {"x": {"command": "x"}}}',
  'a closing brace behind the last value': '{\n  "a": 1 }',
  'an empty object of servers': '{\n  "mcpServers": {},\n  "a": 1\n}\n',
  'an empty object over two lines': '{\n}\n',
} as const;

describe('a value that is put into JSON', () => {
  it.each(Object.entries(FILES))('is there, and is taken back to the byte: %s', (_, before) => {
    const {text} = insertJson(before, PATH, SERVER);
    expect(parse(text)).toEqual({
      ...parse(before),
      mcpServers: {...parse(before).mcpServers, 'opencode-delegate': SERVER},
    });
    expect(parse(takenBack(before, PATH, SERVER))).toEqual(parse(before));
    expect(takenBack(before, PATH, SERVER).replace(/\{\s*\}/g, '{}')).toBe(before.replace(/\{\s*\}/g, '{}'));
  });

  it.each(Object.entries(FILES))('leaves every line of the file as it is: %s', (_, before) => {
    const {text} = insertJson(before, PATH, SERVER);
    const comments = before.match(/\/\/.*|\/\*.*\*\//g) ?? [];
    for (const comment of comments) {
      const line = (of: string) =>
        of
          .split('\n')
          .find((one) => one.includes(comment))
          ?.replaceAll(',', '');
      expect(line(text)).toBe(line(before));
    }
    expect(text.includes('\r\n')).toBe(before.includes('\r\n'));
    if (before.includes('\r\n')) expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it.each([
    ['in a list', '{\n  "hooks": {\n    "Stop": [\n      {"x": 1} // mine\n    ]\n  }\n}\n'],
    ['in an empty list', '{"hooks": {"Stop": []}}'],
    ['in a list that is not there', '{\n\t"other": true\n}\n'],
  ])('can be the last of a list: %s', (_, before) => {
    const path = ['hooks', 'Stop', '-'];
    const {text} = insertJson(before, path, {hooks: [SERVER]});
    expect(parse(text).hooks.Stop.at(-1)).toEqual({hooks: [SERVER]});
    expect(takenBack(before, path, {hooks: [SERVER]})).toBe(before);
  });

  it('is indented as the file is', () => {
    expect(insertJson('{\n\t"a": 1\n}\n', ['b'], {c: 1}).text).toBe(
      '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 1\n\t}\n}\n',
    );
  });

  it('can be taken out of the midst', () => {
    expect(removeJson('{\n  "a": 1,\n  "b": 2, // two\n  "c": 3\n}', ['a'])).toBe(
      '{\n  "b": 2, // two\n  "c": 3\n}',
    );
    expect(removeJson('{"a": [1, 2, 3]}', ['a', 1])).toBe('{"a": [1, 3]}');
    expect(removeJson('{"a": [1, 2, 3]}', ['a', 0])).toBe('{"a": [2, 3]}');
  });

  it.each([
    ['{"mcpServers": 1}', 'mcpServers is there, and is no object.'],
    ['{"mcpServers": {', 'It is no JSON that can be read: line 1.'],
    ['{\n "a": 1\n "b": 2}', 'It is no JSON that can be read: line 3.'],
    ['[]', 'It is JSON, but no object.'],
  ])('is refused where it would not fit: %s', (before, says) => {
    expect(() => insertJson(before, PATH, SERVER)).toThrow(says);
  });
});
