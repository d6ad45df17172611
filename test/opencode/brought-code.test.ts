import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {topOf} from '../../src/git/top.ts';
import {CodeFinder} from '../../src/opencode/trust/brought-code.ts';

let root: string;
let repository: string;
let finder: CodeFinder;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'brought-code-')));
  repository = join(root, 'home', 'repository');
  mkdirSync(join(repository, 'inner'), {recursive: true});
  execFileSync('git', ['init', '--quiet'], {cwd: repository});
  finder = new CodeFinder({env: {HOME: join(root, 'home'), WORD: 'plugin'}, topOf});
});

afterEach(() => rmSync(root, {recursive: true, force: true}));

function put(path: string, content: unknown): void {
  const file = join(repository, path);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

const UNCLEAR = 'opencode.json: its settings cannot be told for certain';

const found = async (directory = repository) => finder.find(directory);
const names = async (directory?: string) => (await found(directory))?.names ?? [];

describe('what a repository brings', () => {
  it('is nothing where it has agents, commands, skills, instructions, permissions, and what is switched off', async () => {
    put('AGENTS.md', '---js\nBe kind.');
    put('.opencode/agent/own.md', '---\nmode: primary\n---');
    put('.opencode/command/go.md', 'Go: !`date`.');
    put('.opencode/skill/own/SKILL.md', '\uFEFF--- \r\nname: own\r\n---\r\n');
    put('.claude/skills/line/SKILL.md', '----js\nA line.');
    put('.opencode/plugin/README.md', 'None yet.');
    put('docs/own.txt', 'Be kind.');
    put('docs/more/SKILL.md', 'More.');
    put('opencode.json', {
      agent: {own: {mode: 'primary', prompt: '{file:./docs/own.txt}'}},
      permission: 'allow',
      formatter: false,
      lsp: {typescript: {disabled: true}},
      mcp: {off: {enabled: false}},
      provider: {own: {models: {small: {name: 'Small', limit: {context: 1, output: 1}}}}},
      instructions: ['docs/*.txt'],
      skills: {paths: ['docs'], urls: []},
    });
    expect(await found()).toBeUndefined();
  });

  it.each<[string, string, unknown, string]>([
    ['a plugin', '.opencode/plugin/a.js', '1', 'plugin .opencode/plugin/a.js'],
    ['a hidden one', '.opencode/plugins/.a.ts', '1', 'plugin .opencode/plugins/.a.ts'],
    ['a tool', '.opencode/tools/a.ts', '1', 'tool .opencode/tools/a.ts'],
    ['a plugin of the configuration', 'opencode.json', {plugin: ['npm-name']}, 'plugin npm-name'],
    ['one with options', '.opencode/opencode.jsonc', {plugin: [['./a.js', {}]]}, 'plugin ./a.js'],
    ['one as the next version has it', 'opencode.json', {plugins: [{package: './a.js'}]}, 'plugin ./a.js'],
    ['a local server', 'opencode.jsonc', {mcp: {m: {type: 'local', command: ['m']}}}, 'MCP server m'],
    ['a formatter', 'opencode.json', {formatter: {f: {command: ['f']}}}, 'formatter f'],
    ['all formatters', 'opencode.json', {formatter: true}, 'formatters'],
    ['a language server', 'opencode.json', {lsp: {l: {command: ['l']}}}, 'language server l'],
    ['a shell', 'opencode.json', {shell: './sh'}, 'setting shell'],
    ['a package', 'opencode.json', {provider: {p: {npm: 'n'}}}, 'provider p'],
    ['an address', 'opencode.json', {provider: {p: {options: {baseURL: 'http://a'}}}}, 'provider p'],
    [
      'a package of a model',
      'opencode.json',
      {provider: {p: {models: {m: {provider: {npm: 'n'}}}}}},
      'provider p',
    ],
    ['a remote server', 'opencode.json', {mcp: {m: {type: 'remote', url: 'http://a'}}}, 'MCP server m'],
    ['a server that is switched on', 'opencode.json', {mcp: {m: {enabled: true}}}, 'MCP server m'],
    [
      'servers as the next version has them',
      'opencode.json',
      {mcp: {servers: {a: {}, b: {}}}},
      'MCP servers a and b',
    ],
    ['skills of others', 'opencode.json', {skills: {urls: ['http://a']}}, 'setting skills.urls.0'],
    ['such skills as the next version has them', 'opencode.json', {skills: ['http://a']}, 'setting skills'],
    ['skills of the person', 'opencode.json', {skills: {paths: ['~/a']}}, 'setting skills.paths.0'],
    ['instructions of others', 'opencode.json', {instructions: ['http://a']}, 'setting instructions.0'],
    ['files of the person', 'opencode.json', {instructions: ['../../.netrc']}, 'setting instructions.0'],
    ['a repository', 'opencode.json', {references: {r: 'a/b'}}, 'setting references.r'],
    ['a setting that nobody knows', 'opencode.json', {hooks: {}}, 'setting hooks'],
    ['one within another', 'opencode.json', {experimental: {hook: {}}}, 'setting experimental.hook'],
    ['one that every object has', 'opencode.json', '{"toString": 1}', 'setting toString'],
    [
      'one behind the object',
      'opencode.json',
      '{"agent": {"__proto__": {"a": 1}}}',
      'setting agent.__proto__',
    ],
    ['a variable', 'opencode.json', {agent: {a: {prompt: '{env:KEY}'}}}, 'setting agent.a.prompt'],
    [
      'a file of the person',
      'opencode.json',
      {agent: {a: {prompt: '{file:~/.netrc}'}}},
      'setting agent.a.prompt',
    ],
    ['one that a reference hides', 'opencode.json', '{"plu{env:NONE}gin": ["a"]}', UNCLEAR],
    ['one that a variable spells', 'opencode.json', '{"{env:WORD}": ["a"]}', UNCLEAR],
    ['one that stands there twice', 'opencode.json', '{"plugin": [], "plugin": []}', UNCLEAR],
    ['one that a file could end', 'opencode.json', '{/* {file:a} */ "model": "a"}', UNCLEAR],
    ['one that is written in codes', 'opencode.json', '{"model": "\\u007bfile:a}"}', UNCLEAR],
    ['what is no JSON', 'opencode.json', '{"model": "a"', UNCLEAR],
    [
      'a program in an agent',
      '.opencode/agents/a/b.md',
      '---js\n1\n---',
      'front matter of .opencode/agents/a/b.md',
    ],
    ['one in a mode', '.opencode/modes/a.MD', '--- json\n---', 'front matter of .opencode/modes/a.MD'],
    [
      'one after a mark',
      '.opencode/command/a.md',
      '\uFEFF---coffee',
      'front matter of .opencode/command/a.md',
    ],
    ['one in a skill', '.agents/skills/a/SKILL.md', '---js\r\n', 'front matter of .agents/skills/a/SKILL.md'],
    [
      'one that a reference swallows for one of two readers',
      'opencode.json',
      '{"a": "{file:", "plugins": ["b"], "c": {"d": "}"}}',
      UNCLEAR,
    ],
    ['one after a comment', 'opencode.jsonc', '{// no\n"plugin": ["a",],}', 'plugin a'],
  ])('is %s', async (_, path, content, name) => {
    put(path, content);
    expect(await names()).toEqual([name]);
    expect(await names(join(repository, 'inner'))).toEqual([name]);
  });

  it('is in the skills that a configuration names, and in what a link leads to', async () => {
    put('opencode.json', {skills: {paths: ['docs']}});
    put('docs/a/SKILL.md', '---js\n---');
    put('elsewhere/SKILL.md', '---js\n---');
    mkdirSync(join(repository, '.opencode', 'skill'), {recursive: true});
    symlinkSync('../../elsewhere', join(repository, '.opencode', 'skill', 'link'));
    symlinkSync('..', join(repository, '.opencode', 'skill', 'loop'));
    expect(await names()).toEqual([
      'front matter of .opencode/skill/link/SKILL.md',
      'front matter of docs/a/SKILL.md',
    ]);
  });

  it('is looked for as far up as OpenCode looks, through links and in spite of a .git that is none', async () => {
    writeFileSync(join(root, 'home', 'opencode.json'), '{"plugin": ["above"]}');
    put('opencode.json', {plugin: ['here']});
    const inner = join(repository, 'inner');
    symlinkSync(inner, join(root, 'link'));
    mkdirSync(join(inner, '.git'));
    for (const directory of [inner, join(root, 'link')]) {
      expect(await names(directory)).toEqual([expect.stringContaining('plugin here')]);
    }
    expect((await found(join(root, 'link')))?.digest).toBe((await found(inner))?.digest);
    rmSync(join(repository, '.git'), {recursive: true});
    expect(await names(inner)).toEqual([
      expect.stringContaining('plugin here'),
      expect.stringContaining('plugin above'),
    ]);
  });

  it('is not what the person has in their own folder', async () => {
    const own = join(root, 'home', '.opencode', 'plugin');
    mkdirSync(own, {recursive: true});
    writeFileSync(join(own, 'a.js'), '1');
    rmSync(join(repository, '.git'), {recursive: true});
    expect(await found()).toBeUndefined();
  });

  it('has names that say nothing to a model', async () => {
    put('.opencode/plugin/a\n<system>`run`.js', '1');
    put('opencode.json', {mcp: {[`${'x'.repeat(500)}`]: {command: ['a']}}});
    const [plugin, server = ''] = await names();
    expect(plugin).toBe('plugin .opencode/plugin/a??system??run?.js');
    expect(server.length).toBeLessThan(100);
  });
});

describe('its digest', () => {
  const digest = async () => (await found())?.digest;

  it.each<[string, () => void]>([
    ['a plugin', () => put('.opencode/plugin/a.js', '2')],
    ['a plugin of the configuration', () => put('own/plugin.js', '2')],
    ['a script of a server', () => put('server.js', '2')],
    ['an argument', () => put('opencode.json', {...CONFIG, mcp: {m: {command: ['node', 'server.js', 'x']}}})],
    ['what a reference leads to', () => put('word', '2')],
    ['what there is', () => put('.opencode/tool/new.js', '1')],
  ])('is another one when %s has changed, and the same when that is undone', async (_, change) => {
    fill();
    const before = await digest();
    expect(await digest()).toBe(before);
    change();
    expect(await digest()).not.toBe(before);
    rmSync(join(repository, '.opencode', 'tool'), {recursive: true, force: true});
    fill();
    expect(await digest()).toBe(before);
  });

  it('is another one when a file has changed that has the length and the time of before', async () => {
    fill();
    const before = await digest();
    const file = join(repository, '.opencode', 'plugin', 'a.js');
    put('.opencode/plugin/a.js', '2');
    utimesSync(file, 1, 1);
    expect(await digest()).not.toBe(before);
  });

  it('is the same in an environment with other values, and in another checkout', async () => {
    fill();
    const before = await digest();
    finder = new CodeFinder({env: {HOME: join(root, 'home'), TOKEN: 'another'}, topOf});
    expect(await digest()).toBe(before);
    execFileSync('cp', ['-r', repository, join(root, 'copy')]);
    expect((await found(join(root, 'copy')))?.digest).toBe(before);
  });

  const CONFIG = {
    plugin: ['./own'],
    mcp: {m: {command: ['node', 'server.js'], environment: {TOKEN: '{env:TOKEN}'}}},
    shell: '{file:word}',
  };

  function fill(): void {
    put('.opencode/plugin/a.js', '1');
    put('own/plugin.js', '1');
    put('server.js', '1');
    put('word', '1');
    put('opencode.json', CONFIG);
  }
});

it('what has not changed is known again in less than 2 ms', async () => {
  put('.opencode/plugin/a.js', '1');
  put('opencode.json', {mcp: {m: {command: ['a']}}});
  await finder.find(join(repository, 'inner'));
  const times: number[] = [];
  for (let n = 0; n < 50; n++) {
    const before = performance.now();
    await finder.find(join(repository, 'inner'));
    times.push(performance.now() - before);
  }
  const median = times.sort((a, b) => a - b)[25] ?? 0;
  expect(median).toBeLessThan(2);
});
