import {mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterEach, beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import {SettingsRead} from '../../src/opencode/server/settings-read.ts';

let root: string;
let project: string;
let read: SettingsRead;
/** As a server that starts now. */
let begin: () => SettingsRead;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'settings-read-'));
  project = join(root, 'my project');
  for (const folder of [project, join(root, 'data')]) mkdirSync(folder, {recursive: true});
  put('key', 'one');
  put('inner/key', 'one');
  put('home/.config/opencode/opencode.json', '{"model": "a/b", "key": "{file:../../../key}"}');
  put('home/.local/share/opencode/auth.json', '{"a": {"type": "api", "key": "one"}}');
  put('home/.config/opencode/agents/writer.md', 'Write.');
  put('plugin.js', "import {a} from './lib/inner.js';");
  put('lib/inner.ts', "export const a = require('../data.json');");
  put('data.json', '[1]');
  put('package/package.json', '{"main": "src/main.ts"}');
  put('package/src/main.ts', '');
  put(
    'home/.opencode/opencode.json',
    JSON.stringify({
      plugin: [pathToFileURL(join(root, 'plugin.js')).href, ['../../package', {an: 'option'}], 'from-npm'],
      skills: {paths: ['../../more skills']},
    }),
  );
  put('my project/.opencode/opencode.jsonc', '{"prompt": "{file:{env:INNER}/key}"}');
  const env = {HOME: join(root, 'home'), INNER: join(root, 'inner')};
  begin = () => new SettingsRead({env, neutral: join(root, 'data')});
  read = begin();
});

afterEach(() => rmSync(root, {recursive: true, force: true}));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), {recursive: true});
  writeFileSync(join(root, path), text);
}

describe('what a server has read', () => {
  it.each([
    ['the user’s configuration', 'home/.config/opencode/opencode.json', '{"model": "a/c"}'],
    ['a key', 'home/.local/share/opencode/auth.json', '{"a": {"type": "api", "key": "two"}}'],
    ['a login that is new', 'home/.local/share/opencode/auth.json', '{"b": {"type": "oauth"}}'],
    ['an agent', 'home/.config/opencode/agents/writer.md', 'Write it well.'],
    ['an agent that is new', 'home/.config/opencode/agent/new.md', 'Read.'],
    ['a file that the configuration refers to', 'key', 'two'],
    ['the project’s configuration', 'my project/opencode.json', '{}'],
    ['a file that the project’s refers to by a variable', 'inner/key', 'two'],
    ['a skill of the project’s', 'my project/.opencode/skill/s/SKILL.md', 'Do.'],
    ['a skill that is shared with Claude Code', 'home/.claude/skills/s/SKILL.md', 'Do.'],
    ['a skill of the project’s for several programs', 'my project/.agents/skills/s/SKILL.md', 'Do.'],
    ['a skill in a folder that the configuration names', 'more skills/s/SKILL.md', 'Do.'],
    ['a tool of the user’s', 'home/.config/opencode/tools/deploy.ts', 'export default {};'],
    ['a tool of the project’s', 'my project/.opencode/tool/deploy.js', 'export default {};'],
    ['a plugin that the configuration names', 'plugin.js', 'export {};'],
    ['what a plugin imports', 'lib/inner.ts', 'export const a = 2;'],
    ['what a file that a plugin imports takes from above', 'data.json', '[2]'],
    ['a plugin that is a folder', 'package/src/main.ts', 'export {};'],
  ])('is out of date when %s has changed', (_, path, text) => {
    expect(read.isCurrent(project)).toBe(true);
    put(path, text);
    expect(read.isCurrent(project)).toBe(false);
  });

  it('is out of date when a user’s file has changed before a directory is first needed', () => {
    put('home/.config/opencode/opencode.json', '{"model": "a/c"}');
    expect(read.isCurrent(project)).toBe(false);
  });

  it('is out of date when a file is gone', () => {
    expect(read.isCurrent(project)).toBe(true);
    rmSync(join(root, 'home/.config/opencode/agents/writer.md'));
    expect(read.isCurrent(project)).toBe(false);
  });

  it.each([
    [
      'home/.config/opencode/skills/pdf',
      'my project/.opencode/opencode.json',
      '{"permission": {"bash": "deny"}}',
    ],
    ['home/.config/opencode/agents/notes', 'my project/.opencode/agent/new.md', 'Read.'],
    ['home/.config/opencode/skills/pdf', 'home/.config/opencode/skills/web/SKILL.md', 'Do.'],
    ['home/.claude/skills/pdf', 'home/.claude/skills/pdf/deep/SKILL.md', 'Do.'],
    ['home/.opencode/plugin/node_modules', 'home/.opencode/plugin/one.ts', 'export {};'],
  ])('is out of date however much lies in %s when %s has changed', (crowded, path, text) => {
    for (let n = 0; n < 510; n++) put(`${crowded}/node_modules/${n}/index.js`, 'x');
    for (let n = 0; n < 2_010; n++) put(`${crowded}/files/${n}.txt`, 'x');
    expect(read.isCurrent(project)).toBe(true);
    put(`${crowded}/files/0.txt`, 'what OpenCode does not read');
    expect(read.isCurrent(project)).toBe(true);
    put(path, text);
    expect(read.isCurrent(project)).toBe(false);
  });

  it('is what it was while a tree that is too large, or leads back to itself, is the same', () => {
    for (let n = 0; n < 510; n++) put(`home/.agents/skills/${n}/SKILL.md`, 'Do.');
    symlinkSync(join(root, 'home/.agents'), join(root, 'home/.agents/skills/back'));
    read = begin();
    expect(read.isCurrent(project)).toBe(true);
    expect(read.isCurrent(project)).toBe(true);
    put('home/.agents/skills/1/SKILL.md', 'Do it well.');
    expect(read.isCurrent(project)).toBe(false);
  });

  it('is out of date when a folder of skills that was looked at long ago has got another one', () => {
    const skills = join(root, 'home/.agents/skills');
    put('home/.agents/skills/one/SKILL.md', 'Do.');
    utimesSync(skills, 1, 1);
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    onTestFinished(() => now.mockRestore());
    read = begin();
    expect(read.isCurrent(project)).toBe(true);
    expect(read.isCurrent(project)).toBe(true);
    put('home/.agents/skills/two/SKILL.md', 'Do.');
    expect(read.isCurrent(project)).toBe(false);
  });

  it.each([
    ['a file that was read before', 'home/.config/opencode/opencode.json', '{"model": "a/another"}'],
    ['a file that such a file refers to', 'key', 'three'],
    ['a folder that was not there', 'my project/.opencode/agent/new.md', 'Read.'],
  ])('is out of date when %s changes a while after it was looked at', (_, path, text) => {
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    onTestFinished(() => now.mockRestore());
    read = begin();
    expect([read.isCurrent(project), read.isCurrent(project)]).toEqual([true, true]);
    put(path, text);
    expect(read.isCurrent(project)).toBe(false);
  });

  it('is what it was when OpenCode has written to its files, or somebody has written the same', () => {
    const login = (access: string) => `{"a": {"type": "oauth", "access": "${access}"}}`;
    put('home/.local/share/opencode/auth.json', login('one'));
    const again = new SettingsRead({env: {HOME: join(root, 'home')}, neutral: join(root, 'data')});
    put('home/.local/share/opencode/auth.json', login('two'));
    put(
      'home/.config/opencode/opencode.json',
      '{"$schema": "s", "model": "a/b", "key": "{file:../../../key}"}',
    );
    expect(again.isCurrent(project)).toBe(true);
  });
});
