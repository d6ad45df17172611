import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {areInstructions, isRead, Seen} from '../../src/opencode/read-only/look-again.ts';

let base: string;
let root: string;

beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-again-')));
  root = join(base, 'root');
  mkdirSync(join(root, 'folder'), {recursive: true});
  writeFileSync(join(base, 'secret.txt'), 'secret\n');
  symlinkSync(join(base, 'secret.txt'), join(root, 'link.txt'));
  const files = {
    'plain.txt': 'one\ntwo: 2\n',
    'windows.txt': '\ufeffone\r\ntwo\r\n',
    'old.txt': 'one\rtwo',
    'long.txt': `${'x'.repeat(3_000)}\n`,
    'bytes.txt': Buffer.from([0x61, 0xff, 0x0a]),
    'empty.txt': '',
    'dot.png': Buffer.from([0x89, 0x50]),
    '.env': 'one\n',
    'AGENTS.md': 'Be kind.\n',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'folder', name), content);
});

afterAll(() => rmSync(base, {recursive: true}));

function read(body: string, more = ''): {output: string; metadata: Record<string, unknown>} {
  const output = `<path>p</path>\n<type>file</type>\n<content>\n${body}\n\n(End of file - total 2 lines)\n</content>${more}`;
  return {output, metadata: {}};
}

function listing(...names: readonly string[]): {output: string; metadata: Record<string, unknown>} {
  const output = `<path>p</path>\n<type>directory</type>\n<entries>\n${names.join('\n')}\n\n(${names.length} entries)\n</entries>`;
  return {output, metadata: {}};
}

describe('what was read', () => {
  const long = `1: ${'x'.repeat(2_000)}... (line truncated to 2000 chars)`;
  it.each([
    ['plain.txt', '1: one\n2: two: 2'],
    ['windows.txt', '1: one\n2: two'],
    ['windows.txt', '1: one\r\n2: two\r'],
    ['old.txt', '1: one\rtwo'],
    ['long.txt', long],
    ['bytes.txt', '1: a\ufffd'],
    ['empty.txt', ''],
  ])('of %s is shown where the file has it', (name, body) => {
    expect(isRead(read(body), join('folder', name), root)).toBe(true);
  });

  it.each([
    ['what another file has', 'folder/plain.txt', '1: secret'],
    ['what another file has, cut short', 'folder/plain.txt', '1: secret... (line truncated to 2000 chars)'],
    ['what another file has among its own', 'folder/plain.txt', '1: one\n2: secret\n3: two: 2'],
    ['what another file has, without a number', 'folder/plain.txt', '1: one\nsecret'],
    ['a link that leads outside', 'link.txt', '1: secret'],
    ['an .env file', 'folder/.env', '1: one'],
    ['what is not there', 'folder/gone.txt', '1: one'],
  ])('is not %s', (_, path, body) => {
    expect(isRead(read(body), path, root)).toBe(false);
  });

  it('is a folder’s names, or a picture, where they are the same', () => {
    expect(isRead(listing('plain.txt', 'dot.png'), 'folder', root)).toBe(true);
    expect(isRead(listing('folder/'), '.', root)).toBe(true);
    expect(isRead(listing('plain.txt', 'secret.txt'), 'folder', root)).toBe(false);
    const picture = (bytes: readonly number[]) => ({
      output: 'Image read successfully',
      metadata: {},
      attachments: [{url: `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`}],
    });
    expect(isRead(picture([0x89, 0x50]), 'folder/dot.png', root)).toBe(true);
    expect(isRead(picture([0x73, 0x65]), 'folder/dot.png', root)).toBe(false);
    expect(isRead({output: 'secret', metadata: {}}, 'folder/plain.txt', root)).toBe(false);
  });
});

it('instructions are those of files inside, word for word', () => {
  const path = join(root, 'folder', 'AGENTS.md');
  const added = (text: string, loaded: readonly string[]) => ({
    ...read('1: one', text === '' ? '' : `\n\n<system-reminder>\n${text}\n</system-reminder>`),
    metadata: {loaded},
  });
  const text = `Instructions from: ${path}\n`;
  expect(areInstructions(added('', []), root)).toBe(true);
  expect(areInstructions(added(`${text}Be kind.\n`, [path]), root)).toBe(true);
  expect(areInstructions(added(`${text}secret`, [path]), root)).toBe(false);
  expect(areInstructions(added(`${text}Be kind.\n`, []), root)).toBe(false);
});

it('what a search says is held against names and contents inside', () => {
  const seen = new Seen(root);
  const path = join(root, 'folder', 'plain.txt');
  expect(seen.has(path)).toBe(true);
  expect(seen.has(join(root, 'folder', 'secret.txt'))).toBe(false);
  expect(seen.has(join(base, 'secret.txt'))).toBe(false);
  expect(seen.holds(path, 'two: 2')).toBe(true);
  expect(seen.holds(path, 'secret')).toBe(false);
  expect(seen.holds(join(root, 'link.txt'), 'secret')).toBe(false);
  expect(seen.holds(join(root, 'folder', 'long.txt'), `${'x'.repeat(2_000)}...`)).toBe(true);
});
