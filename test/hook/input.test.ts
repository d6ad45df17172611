import {execFileSync} from 'node:child_process';
import {closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {HookInput} from '../../src/hook/input.ts';

/** Longer than any of these takes. */
const PATIENCE_MS = 10_000;
const GIVEN = {
  session_id: 's',
  prompt: 'Say "}" and \\ and {, in 日本語 and 🦦.',
  nested: {deep: [{}, {a: 1}]},
};
const TEXT = JSON.stringify(GIVEN);

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hook-input-'));
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

/** What is read of a file that has the text. */
async function readOf(text: string | Buffer) {
  const file = join(root, 'input');
  writeFileSync(file, text);
  const fd = openSync(file, 'r');
  try {
    return await new HookInput(fd).read(PATIENCE_MS);
  } finally {
    closeSync(fd);
  }
}

describe('the input of a hook', () => {
  it.each([
    ['an object', TEXT],
    ['one with a byte order mark', `\uFEFF${TEXT}`],
    ['one with blanks around it', `\n ${JSON.stringify(GIVEN, null, 2)}\r\n`],
  ])('is %s', async (_, text) => {
    expect(await readOf(text)).toEqual(GIVEN);
  });

  it('is as long as a prompt may be, and no longer', async () => {
    const long = {prompt: '{"}}日本'.repeat(500_000)};
    expect(await readOf(JSON.stringify(long))).toEqual(long);
    expect(await readOf(JSON.stringify({prompt: 'x'.repeat(17 * 1024 * 1024)}))).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['words', 'hello'],
    ['a list', '[{}]'],
    ['half an object', TEXT.slice(0, -1)],
    ['an object and more', `${TEXT}, and more`],
  ])('is no %s', async (_, text) => {
    expect(await readOf(text)).toBeUndefined();
  });
});

describe.skipIf(process.platform === 'win32')('the input of a hook from a pipe that stays open', () => {
  let pipe: number;

  beforeEach(() => {
    const path = join(root, 'pipe');
    execFileSync('mkfifo', [path]);
    // For both, so that it never ends; one who finds nothing in it does not wait.
    pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  });

  afterEach(() => closeSync(pipe));

  it('is taken when it is complete, in however many pieces it comes', async () => {
    const input = new HookInput(pipe);
    const read = input.read(PATIENCE_MS);
    for (const byte of Buffer.from(TEXT)) {
      writeSync(pipe, Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await read).toEqual(GIVEN);
    expect(input.isReading).toBe(false);
  });

  it('is nothing where none comes in time', async () => {
    writeSync(pipe, TEXT.slice(0, 20));
    expect(await new HookInput(pipe).read(50)).toBeUndefined();
  });
});
