import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterEach, beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import {SettingsRead} from '../../src/opencode/server/settings-read.ts';

let root: string;
let project: string;
let read: SettingsRead;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'settings-read-'));
  project = join(root, 'my project');
  for (const folder of [project, join(root, 'data')]) mkdirSync(folder, {recursive: true});
  put('key', 'one');
  put('inner/key', 'one');
  put('home/.config/opencode/opencode.json', '{"model": "a/b", "key": "{file:../../../key}"}');
  put('home/.local/share/opencode/auth.json', '{"a": {"type": "api", "key": "one"}}');
  put('home/.config/opencode/agents/writer.md', 'Write.');
  put('plugins/one.ts', 'export default 1');
  put('my project/plugins/two.mjs', 'export default 1');
  put(
    'my project/.opencode/opencode.jsonc',
    `{"prompt": "{file:{env:INNER}/key}", "plugin": ["${pathToFileURL(join(root, 'plugins/one.ts'))}", "../plugins/two.mjs"]}`,
  );
  const env = {HOME: join(root, 'home'), INNER: join(root, 'inner')};
  read = new SettingsRead({env, neutral: join(root, 'data')});
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
    ['a tool of the user’s', 'home/.config/opencode/tools/count.ts', 'export default {}'],
    ['a tool of the project’s', 'my project/.opencode/tool/count.ts', 'export default {}'],
    ['a skill of another program’s', 'home/.claude/skills/s/SKILL.md', 'Do.'],
    ['a skill of another program’s in the project', 'my project/.agents/skills/s/SKILL.md', 'Do.'],
    ['a plugin that is named by its address', 'plugins/one.ts', 'export default 2'],
    ['a plugin that is named by its path', 'my project/plugins/two.mjs', 'export default 2'],
  ])('is out of date when %s has changed', (_, path, text) => {
    expect(read.isCurrent(project)).toBe(true);
    put(path, text);
    expect(read.isCurrent(project)).toBe(false);
  });

  it('is out of date when a user’s file has changed before a directory is first needed', () => {
    put('home/.config/opencode/opencode.json', '{"model": "a/c"}');
    expect(read.isCurrent(project)).toBe(false);
  });

  it('is out of date when a setting has changed beside a skill with thousands of files', () => {
    for (let n = 0; n < 2_100; n++) put(`home/.config/opencode/skills/s/data/${n}.txt`, 'x');
    const again = new SettingsRead({env: {HOME: join(root, 'home')}, neutral: join(root, 'data')});
    expect(again.isCurrent(project)).toBe(true);
    put('my project/.opencode/opencode.jsonc', '{"permission": {"bash": "deny"}}');
    expect(again.isCurrent(project)).toBe(false);
  });

  it('is what it was when something has changed that a skill has installed', () => {
    put('home/.config/opencode/skills/s/node_modules/p/index.js', 'one');
    const again = new SettingsRead({env: {HOME: join(root, 'home')}, neutral: join(root, 'data')});
    put('home/.config/opencode/skills/s/node_modules/p/index.js', 'two');
    expect(again.isCurrent(project)).toBe(true);
  });

  it('is out of date when a file is gone', () => {
    expect(read.isCurrent(project)).toBe(true);
    rmSync(join(root, 'home/.config/opencode/agents/writer.md'));
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

  it.each([
    ['a file that was read before', 'home/.config/opencode/opencode.json', '{"model": "a/another"}'],
    ['a file that such a file refers to', 'key', 'three'],
    ['a folder that was not there', 'my project/.opencode/agent/new.md', 'Read.'],
  ])('is out of date when %s changes a while after it was looked at', (_, path, text) => {
    rmSync(join(root, 'my project/.opencode'), {recursive: true});
    const env = {HOME: join(root, 'home')};
    const now = Date.now();
    // What has been as it is for a minute is not read again while it stays so.
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now + 60_000);
    onTestFinished(() => clock.mockRestore());
    const settled = new SettingsRead({env, neutral: join(root, 'data')});
    expect([settled.isCurrent(project), settled.isCurrent(project)]).toEqual([true, true]);
    put(path, text);
    expect(settled.isCurrent(project)).toBe(false);
  });
});
