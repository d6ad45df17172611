import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {worktreeCommands} from '../../src/delegation/model/worktree.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'commands-'));
});

afterEach(() => {
  rmSync(folder, {recursive: true});
});

it.each([
  '/my shop',
  "/it's",
  '/$(touch owned)',
  '/back\\slash $(touch owned)',
  '/`touch owned`\\',
  '/a"; touch owned; "',
  '/a; touch owned',
])('a folder called %s is no command', (path) => {
  const given = {checkout: path, path, directory: path, branch: 'delegation/a-b-c', base: 'c0ffee'};
  for (const command of Object.values(worktreeCommands(given))) {
    const harmless = command.replaceAll(/(^|&& )git /g, "$1printf '%s\\n' ");
    const words = execFileSync('sh', ['-c', harmless], {cwd: folder, encoding: 'utf8'}).split('\n');
    expect(words).toContain(path);
  }
  expect(readdirSync(folder)).toEqual([]);
});
