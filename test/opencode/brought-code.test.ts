import {execFileSync} from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {topOf} from '../../src/git/top.ts';
import {CodeFinder} from '../../src/opencode/trust/brought-code.ts';
import {WatchedFiles} from '../../src/opencode/trust/watched-files.ts';

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

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, {recursive: true, force: true});
});

function put(path: string, content: unknown): void {
  const file = join(repository, path);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

const UNCLEAR = 'opencode.json: its settings cannot be told for certain';

const found = async (directory = repository) => finder.find(directory);
const names = async (directory?: string) => (await found(directory))?.names ?? [];

function lockOf(resolved: string) {
  const version = {version: '1.18.33', resolved, dependencies: {zod: '^4.1.8 || >=5'}};
  return {lockfileVersion: 3, packages: {'': {name: 'a'}, 'node_modules/@opencode-ai/plugin': version}};
}

const LOCK = lockOf('https://registry.npmjs.org/@opencode-ai/plugin/-/plugin-1.18.33.tgz');

/** As projects have them that are in public. */
const ORDINARY: Readonly<Record<string, string>> = {
  'instructions alone': `{
  "$schema": "https://opencode.ai/config.json",
  "instructions": ["./AGENTS.md", ".cursor/rules/*.mdc", "docs/**/*.md", ".opencode/rules/pipeline.md"]
}
`,
  'agents with permissions': `{
  "$schema": "https://opencode.ai/config.json",
  "model": "anthropic/claude-sonnet-4-6",
  "small_model": "anthropic/claude-haiku-4-5",
  "default_agent": "build",
  "permission": {"edit": "allow", "bash": {"*": "ask", "git status *": "allow"}, "webfetch": "allow"},
  "agent": {
    "build": {"mode": "primary", "permission": {"edit": "allow"}},
    "reviewer": {
      "description": "Looks for what is broken",
      "mode": "subagent",
      "temperature": 0.1,
      "reasoningEffort": "high",
      "prompt": "{file:./.opencode/prompts/reviewer.txt}",
      "tools": {"write": false, "edit": false},
    },
    "plan": {"disable": true}
  }
}
`,
  'commands from files': `{
  "$schema": "https://opencode.ai/config.json",
  "instructions": ["AGENTS.md", ".context/CONTEXT.md"],
  "command": {
    "plan": {"description": "Plans", "template": "{file:.opencode/commands/plan.md}\\n\\n$ARGUMENTS", "agent": "plan", "subtask": true},
    "test": {"template": "Mend what fails:\\n!\`npm test\`"}
  }
}
`,
  'a theme, sharing and updates': `{
  // How we like it.
  "$schema": "https://opencode.ai/config.json",
  "theme": "tokyonight",
  "share": "disabled",
  "autoupdate": false,
  "snapshot": true,
  "compaction": {"auto": true, "tail_turns": 20},
  "watcher": {"ignore": ["dist/**", "node_modules/**"]},
  "keybinds": {"leader": "ctrl+x"},
  "tui": {"scroll_speed": 3}
}
`,
  'models with limits': `{
  "$schema": "https://opencode.ai/config.json",
  "model": "zai/glm-4.7",
  "enabled_providers": ["zai"],
  "disabled_providers": ["openai"],
  "provider": {
    "zai": {
      "options": {"timeout": 600000},
      "models": {"glm-4.7": {"name": "GLM", "limit": {"context": 131072, "output": 8192}, "options": {"thinking": {"type": "enabled"}}}}
    }
  },
  "lsp": false,
  "formatter": false,
  "mcp": {"context7": {"enabled": false}},
  "experimental": {"disable_paste_summary": true, "primary_tools": ["edit"]}
}
`,
};

describe('what a repository brings', () => {
  it.each(Object.entries(ORDINARY))('is nothing where it has %s', async (_, content) => {
    put('.opencode/prompts/reviewer.txt', 'Look closely.');
    put('.opencode/commands/plan.md', '---\ndescription: Plans\n---\nPlan $ARGUMENTS.');
    put('opencode.json', content);
    put('inner/opencode.jsonc', content.replaceAll('{file:', '{file:../'));
    expect(await names(join(repository, 'inner'))).toEqual([]);
  });

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
    [
      'an address of a model',
      'opencode.json',
      {provider: {p: {models: {m: {options: {baseURL: 'http://a'}}}}}},
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
    ['what is no JSON', 'opencode.json', '{"model": "a"', 'opencode.json: not valid JSON'],
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

  it.each<[string, string, unknown]>([
    ['of OpenCode itself', '.opencode/package.json', {dependencies: {'@opencode-ai/plugin': '1.18.33'}}],
    ['of OpenCode itself, locked', '.opencode/package-lock.json', LOCK],
    ['of a registry of the person', '.opencode/package-lock.json', lockOf('http://own/a.tgz')],
    [
      'with settings of npm that say how, not what',
      '.npmrc',
      '; a\nsave-exact = true\npublic-hoist-pattern[]=*a*\n',
    ],
    ['and settings of npm that it does not read', 'inner/.npmrc', 'registry=http://a'],
    ['and texts', '.opencode/rules/a.md', 'Be kind.'],
    ['and colours', '.opencode/themes/a.json', {}],
  ])('is nothing where it has a folder %s', async (_, path, content) => {
    put('.opencode/.gitignore', 'node_modules');
    put('.opencode/node_modules/zod/index.js', '1');
    put(path, content);
    finder = new CodeFinder({env: {HOME: join(root, 'home'), NPM_CONFIG_REGISTRY: 'http://own'}, topOf});
    expect(await found(join(repository, 'inner'))).toBeUndefined();
  });

  it.each<[string, string, unknown, string]>([
    ['a program for npm', '.opencode/.npmrc', 'git=./a.sh', 'what npm reads in .opencode/.npmrc'],
    ['a registry above the folder', '.npmrc', 'registry=http://a', 'what npm reads in .npmrc'],
    ['a key', '.npmrc', `save-exact=\${KEY}`, 'what npm reads in .npmrc'],
    [
      'a package',
      '.opencode/package.json',
      {dependencies: {zod: '1'}},
      'what npm reads in .opencode/package.json',
    ],
    [
      'another package under the name of that of OpenCode',
      '.opencode/package.json',
      {dependencies: {'@opencode-ai/plugin': 'a/b'}},
      'what npm reads in .opencode/package.json',
    ],
    [
      'packages to put in the place of others',
      '.opencode/package.json',
      {overrides: {zod: 'a/b'}},
      'what npm reads in .opencode/package.json',
    ],
    [
      'a package from elsewhere',
      '.opencode/package-lock.json',
      lockOf('https://registry.npmjs.org.a/a.tgz'),
      'what npm reads in .opencode/package-lock.json',
    ],
    [
      'a package that needs one from elsewhere',
      '.opencode/package-lock.json',
      {lockfileVersion: 3, packages: {'node_modules/a': {dependencies: {b: 'git+ssh://a/b'}}}},
      'what npm reads in .opencode/package-lock.json',
    ],
    [
      'a package that lies elsewhere',
      '.opencode/npm-shrinkwrap.json',
      {lockfileVersion: 3, packages: {'../a': {}}},
      'what npm reads in .opencode/npm-shrinkwrap.json',
    ],
    ['another lock', '.opencode/yarn.lock', '# yarn', 'what npm reads in .opencode/yarn.lock'],
    ['a folder that nobody knows', '.opencode/hooks/a.ts', '1', '.opencode/hooks: not known to be inert'],
    ['a file that nobody knows', '.opencode/a.wasm', '1', '.opencode/a.wasm: not known to be inert'],
  ])('is %s', async (_, path, content, name) => {
    mkdirSync(join(repository, '.opencode'));
    put(path, content);
    expect(await names(join(repository, 'inner'))).toEqual([name]);
  });

  it('is what a link in the place of instructions leads to, also later', async () => {
    put('own.md', 'Be kind.');
    put('opencode.json', {instructions: ['linked.md']});
    symlinkSync('own.md', join(repository, 'linked.md'));
    expect(await found()).toBeUndefined();
    rmSync(join(repository, 'linked.md'));
    writeFileSync(join(root, 'secret'), 'secret');
    symlinkSync(join(root, 'secret'), join(repository, 'linked.md'));
    expect(await names()).toEqual(['setting instructions.0']);
  });

  it('says where there are more files than are looked at', async () => {
    put('opencode.json', {skills: {paths: ['many']}});
    for (let n = 0; n < 10_001; n++) put(`many/${n}`, '');
    expect(await names()).toEqual(['markdown in many: more files than can be looked at']);
  });

  it('is a link out of the repository, through which OpenCode or npm would write', async () => {
    const own = join(repository, '.opencode');
    mkdirSync(join(own, 'node_modules'), {recursive: true});
    mkdirSync(join(repository, 'inside'));
    symlinkSync('../../inside', join(own, 'node_modules', 'fine'));
    expect(await found()).toBeUndefined();
    symlinkSync(root, join(own, 'node_modules', '@opencode-ai'));
    symlinkSync('../nowhere', join(own, '.gitignore'));
    expect(await names()).toEqual([
      '.opencode/.gitignore: a link out of the repository',
      '.opencode/node_modules/@opencode-ai: a link out of the repository',
    ]);
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

it('is looked for in no more files than a folder of OpenCode has, also where that is a link to the whole machine', async () => {
  const machine = join(root, 'machine');
  for (let n = 0; n < 50; n++) {
    mkdirSync(join(machine, `${n}`), {recursive: true});
    for (let file = 0; file < 100; file++) writeFileSync(join(machine, `${n}`, `${file}.so`), '');
  }
  symlinkSync(machine, join(repository, '.opencode'));
  const read = vi.spyOn(WatchedFiles.prototype, 'digest');
  const listed = await names();
  expect(read.mock.calls.length).toBeLessThan(2_100);
  expect(listed).toContain('.opencode: a link out of the repository');
  // What was not looked at is named all the same.
  expect(listed.filter((name) => /^\.opencode\/\d+: not known to be inert/.test(name))).toHaveLength(50);
  expect(listed).toContainEqual(expect.stringMatching(/not known to be inert: too many files/));
});

describe('its digest', () => {
  it('is that of a large file when it was changed, and not what is in it', async () => {
    put('.opencode/a.wasm', '');
    truncateSync(join(repository, '.opencode/a.wasm'), 2 ** 40);
    const before = (await found())?.digest;
    expect((await found())?.digest).toBe(before);
    truncateSync(join(repository, '.opencode/a.wasm'), 2 ** 40 + 1);
    expect((await found())?.digest).not.toBe(before);
  });

  const digest = async () => (await found())?.digest;

  it.each<[string, () => void]>([
    ['a plugin', () => put('.opencode/plugin/a.js', '2')],
    ['a plugin of the configuration', () => put('own/plugin.js', '2')],
    ['a script of a server', () => put('server.js', '2')],
    ['what its package.json puts in its place', () => put('.opencode/plugin/package.json', {main: 'c.js'})],
    ['what a package.json has put there', () => put('.opencode/plugin/lib/b.mjs', '2')],
    ['a module without an ending', () => put('bare.mts', '2')],
    ['a script in the folder of a server', () => put('sub/server.js', '2')],
    ['a script that an option names', () => put('hook.mjs', '2')],
    ['a script that a variable names', () => put('variable.mjs', '2')],
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

  it('is the same when OpenCode has put its schema into a configuration that cannot be told for certain', async () => {
    put('opencode.json', ' {"plu{env:NONE}gin": ["a"]}');
    const before = await digest();
    put('opencode.json', '{\n  "$schema": "https://opencode.ai/config.json","plu{env:NONE}gin": ["a"]}');
    expect(await digest()).toBe(before);
    put('opencode.json', '{"plu{env:NONE}gin": ["b"]}');
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
    plugin: ['./own', './bare'],
    mcp: {
      m: {command: ['node', 'server.js'], environment: {TOKEN: '{env:TOKEN}'}},
      sub: {command: ['node', '--import=./hook.mjs', 'server'], cwd: 'sub'},
      variable: {command: ['node'], environment: {NODE_OPTIONS: '--import=./variable.mjs'}},
    },
    shell: '{file:word}',
  };

  function fill(): void {
    put('.opencode/plugin/a.js', '1');
    put('own/plugin.js', '1');
    put('server.js', '1');
    put('sub/server.js', '1');
    put('bare.mts', '1');
    put('hook.mjs', '1');
    put('variable.mjs', '1');
    put('word', '1');
    put('.opencode/plugin/package.json', {main: './lib/b'});
    put('.opencode/plugin/lib/b.mjs', '1');
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
