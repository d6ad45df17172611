import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {instructionsIn, withoutInstructions} from '../../src/opencode/read-only/instructions.ts';
import {areInstructions, isRead, type Result, Seen} from '../../src/opencode/read-only/look-again.ts';
import {screenMatches, screenPaths} from '../../src/opencode/read-only/search-output.ts';
import {toolParts} from '../../src/opencode/transcript/transcript.ts';
import {dataOf} from '../../src/opencode/wire/answer.ts';
import {type RawOpenCode, startRaw} from './raw-opencode.ts';

const LONG = `long ${'needle '.repeat(500)}`;

let raw: RawOpenCode;
let project: string;

beforeAll(async () => {
  raw = await startRaw();
  ({project} = raw.sandbox);
  mkdirSync(join(project, 'sub'));
  mkdirSync(join(project, 'many'));
  writeFileSync(join(project, 'plain.txt'), 'first\na needle\nlast\n');
  writeFileSync(join(project, 'long.txt'), `${LONG}\nend\n`);
  writeFileSync(join(project, 'sub', 'AGENTS.md'), 'Say please.\n');
  writeFileSync(join(project, 'sub', 'beside.txt'), 'beside\n');
  for (let n = 0; n < 150; n++) writeFileSync(join(project, 'many', `${n}.dat`), 'data');
});

afterAll(() => raw.close());

/** What OpenCode has stored of a call that the model makes. */
async function call(tool: string, input: Record<string, unknown>): Promise<Result> {
  raw.model.script(({toolResults}) => (toolResults.length === 0 ? {tool, input} : {text: 'seen'}));
  const session = await raw.opencode.session();
  await raw.opencode.say(session, 'Look');
  const [part] = toolParts(await dataOf(raw.client.session.messages({sessionID: session})));
  if (part?.state.status !== 'completed') throw new Error(JSON.stringify(part?.state));
  return part.state;
}

it.each(['plain.txt', 'long.txt'])(
  'read shows the lines of a file, each with its number: %s',
  async (name) => {
    const path = join(project, name);
    const result = await call('read', {filePath: path});
    expect(result.output).toMatch(/<content>\n1: [\s\S]*\n<\/content>/);
    expect(isRead(result, path, project)).toBe(true);
    const changed = {...result, output: result.output.replace('1: ', '1: not ')};
    expect(isRead(changed, path, project)).toBe(false);
  },
);

it('read shows the names in a folder', async () => {
  const result = await call('read', {filePath: project});
  expect(isRead(result, project, project)).toBe(true);
  const changed = {...result, output: result.output.replace('plain.txt', 'secret.txt')};
  expect(isRead(changed, project, project)).toBe(false);
});

it('read adds the AGENTS.md beside a file at its end, and names it', async () => {
  const path = join(project, 'sub', 'beside.txt');
  const result = await call('read', {filePath: path});
  expect(instructionsIn(result.metadata)).toEqual([join(project, 'sub', 'AGENTS.md')]);
  expect(areInstructions(result, project)).toBe(true);
  expect(result.output).toContain('Say please.');
  expect(withoutInstructions(result.output)).not.toContain('Say please.');
});

it('grep names each file by its whole path, with its lines below', async () => {
  const {output, metadata} = await call('grep', {pattern: 'needle'});
  const shown = new Map<string, readonly string[]>();
  const screened = screenMatches(output, (path, found = []) => {
    shown.set(path, found);
    return false;
  });
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  expect(lines(screened.output)).toEqual(lines(output));
  expect(screened).toMatchObject({withheld: [], count: metadata.matches});
  expect([...shown.keys()].sort()).toEqual([join(project, 'long.txt'), join(project, 'plain.txt')]);
  const seen = new Seen(project);
  for (const [path, found] of shown) {
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((line) => seen.holds(path, line))).toBe(true);
    expect(found.some((line) => seen.holds(path, `not ${line}`))).toBe(false);
  }
});

it.each([['*.txt'], ['many/*.dat']])('glob gives a whole path on each line: %s', async (pattern) => {
  const {output, metadata} = await call('glob', {pattern});
  const paths: string[] = [];
  const screened = screenPaths(output, (path) => {
    paths.push(path);
    return false;
  });
  expect(screened).toEqual({output, withheld: [], count: metadata.count});
  expect(paths.length).toBeGreaterThan(1);
  const seen = new Seen(project);
  expect(paths.every((path) => seen.has(path))).toBe(true);
});

it.each(['grep', 'glob'])(
  '%s that finds nothing says so in the words that are put in the place of all',
  async (tool) => {
    const {output} = await call(tool, {pattern: 'there-is-no-such-thing'});
    const screen = tool === 'grep' ? screenMatches : screenPaths;
    expect(screen(output, () => false)).toEqual({output, withheld: [], count: 0});
  },
);
