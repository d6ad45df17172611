import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {z} from 'zod';
import {manifestIn, ROOT, stage} from '../shops/staged.ts';
import {VERSIONED} from '../shops/versions.ts';
import {NAME, VARIABLE_PREFIX} from '../src/base/name.ts';
import type {HookedEvent} from '../src/cli/clients/client.ts';
import {geminiHooks, groupedHooks} from '../src/cli/clients/hooks.ts';
import {hookStartIn} from '../src/cli/install/hook-command.ts';
import {VARIABLES} from '../src/variables.ts';
import {readText} from './support/markdown.ts';

/** Where npm has put claude, codex, gemini and mcpb, in a folder that TEST_CLIENTS names. */
const PROGRAMS =
  process.env.TEST_CLIENTS === undefined ? undefined : join(process.env.TEST_CLIENTS, 'node_modules', '.bin');

const own = z
  .object({
    ...{name: z.string(), version: z.string(), mcpName: z.string(), bin: z.record(z.string(), z.string())},
    files: z.array(z.string()),
  })
  .parse(manifestIn('package.json'));

const hooks = z.object({
  hooks: z.record(
    z.string(),
    z.array(z.object({hooks: z.array(z.object({command: z.string()})).length(1)})).length(1),
  ),
});

describe('the name', () => {
  it('is that of the package, its command and all that shops call us', () => {
    expect([own.name, ...Object.keys(own.bin)]).toEqual([NAME, NAME]);
    expect(own.mcpName).toBe(`io.github.__OWNER__/${NAME}`);
    for (const path of VERSIONED.filter((one) => one !== 'server.json'))
      expect(manifestIn(path), path).toMatchObject({name: NAME});
    for (const variable of Object.keys(VARIABLES)) expect(variable.startsWith(VARIABLE_PREFIX)).toBe(true);
  });
});

describe('the source', () => {
  it('writes the name in one place', () => {
    const src = join(ROOT, 'src');
    const files = readdirSync(src, {recursive: true, encoding: 'utf8'}).filter((path) =>
      /\.tsx?$/.test(path),
    );
    const writing = files.filter((path) => readFileSync(join(src, path), 'utf8').includes(`'${NAME}'`));
    expect(writing).toEqual([join('base', 'name.ts')]);
  });
});

describe('each shop', () => {
  it.each(VERSIONED)('has the version of the package: %s', (path) => {
    const versions = [...readText(path).matchAll(/"version": "([^"]*)"/g)].map(([, version]) => version);
    expect(versions.length).toBeGreaterThan(0);
    expect(new Set(versions)).toEqual(new Set([own.version]));
  });

  it('starts what the package has, and the package brings what is named', () => {
    const entry = {command: 'node', args: [expect.stringMatching(/^\$\{\w+\}\/dist\/main\.cjs$/)]};
    for (const path of ['.claude-plugin/plugin.json', 'mcp.json', 'gemini-extension.json'])
      expect(manifestIn(path), path).toMatchObject({mcpServers: {[NAME]: entry}});
    const brought = [
      '.claude-plugin/plugin.json',
      'gemini-extension.json',
      'hooks',
      'mcp.json',
      'plugin.json',
      'skills',
    ];
    expect(own.files).toEqual(expect.arrayContaining(brought));
    expect(manifestIn('.claude-plugin/plugin.json')).toMatchObject({hooks: './hooks/claude-code.json'});
  });

  it.each([
    ['hooks/claude-code.json', 'claude-code', groupedHooks('').events],
    ['shops/codex/hooks/hooks.json', 'codex', groupedHooks('').events],
    ['hooks/gemini.json', 'gemini', geminiHooks('').events],
  ] as const)('has the hooks that install adds: %s', (path, client, events) => {
    const found = hooks.parse(manifestIn(path)).hooks;
    expect(Object.keys(found).sort()).toEqual(Object.values(events).sort());
    for (const [event, name] of Object.entries(events) as [HookedEvent, string][])
      expect(hookStartIn(found[name]?.[0]?.hooks[0]?.command ?? ''), name).toMatchObject({event, client});
  });

  it('has the one skill, as it is', () => {
    const skill = readText('skills/delegate/SKILL.md');
    expect(readText('shops/codex/skills/delegate/SKILL.md')).toBe(skill);
    // agentskills.io/specification: the name is that of the folder, and the description has at most 1,024 characters.
    expect(skill).toMatch(/^---\nname: delegate\ndescription: .{100,1024}\n/);
  });

  it('is listed in the registry as the package that names it back', () => {
    // modelcontextprotocol/registry, docs/reference/server-json/server.schema.json of 2025-12-11.
    const text = (most: number) => z.string().min(1).max(most);
    const server = z.strictObject({
      $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
      name: z.literal(own.mcpName).and(z.string().regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$|__OWNER__/)),
      title: text(100),
      description: text(100),
      version: z.literal(own.version),
      websiteUrl: z.url(),
      repository: z.strictObject({url: z.url(), source: z.literal('github')}),
      packages: z.tuple([
        z.strictObject({
          registryType: z.literal('npm'),
          registryBaseUrl: z.literal('https://registry.npmjs.org'),
          identifier: z.literal(NAME),
          version: z.literal(own.version),
          runtimeHint: z.literal('npx'),
          transport: z.strictObject({type: z.literal('stdio')}),
        }),
      ]),
    });
    server.parse(manifestIn('server.json'));
  });

  it('of Agent Plugins has the fields that the specification names, and no other', () => {
    // agentplugins/agent-plugins-spec, spec/1.0.0.md, sections 5.2 and 7.2.1.
    const base = 'https://agent-plugins.org/schemas/1.0.0';
    const known = [
      'name',
      'version',
      'description',
      'author',
      'homepage',
      'repository',
      'license',
      'keywords',
    ];
    const plugin = z.record(z.string(), z.unknown()).parse(manifestIn('plugin.json'));
    expect(plugin.$schema).toBe(`${base}/plugin.schema.json`);
    expect(['$schema', ...known, 'extensions']).toEqual(expect.arrayContaining(Object.keys(plugin)));
    const entry = {type: z.literal('stdio'), command: z.literal('node'), args: z.array(z.string())};
    z.strictObject({
      $schema: z.literal(`${base}/mcp.schema.json`),
      mcpServers: z.strictObject({[NAME]: z.strictObject(entry)}),
    }).parse(manifestIn('mcp.json'));
  });
});

describe('the badges of the README', () => {
  const links = [...readText('README.md').matchAll(/\]\((https:[^)]*install[^)]*)\)/g)].map(
    ([, url = '']) => url,
  );

  it('add the installed command to VS Code and Cursor', () => {
    const vscode = links.find((url) => url.includes('vscode.dev/redirect')) ?? '';
    const added = new URL(vscode).searchParams.get('url')?.replace('vscode:mcp/install?', '') ?? '';
    expect(JSON.parse(decodeURIComponent(added))).toEqual({name: NAME, command: NAME, args: []});
    const cursor = new URL(links.find((url) => url.includes('cursor.com/en/install-mcp')) ?? '').searchParams;
    expect(cursor.get('name')).toBe(NAME);
    const config = Buffer.from(cursor.get('config') ?? '', 'base64').toString();
    expect(JSON.parse(config)).toEqual({command: NAME, args: []});
  });
});

describe.runIf(PROGRAMS !== undefined)('the program of each shop takes it', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-shops-'));
  });

  afterAll(() => {
    rmSync(folder, {recursive: true, force: true});
  });

  function run(program: string, ...args: readonly string[]): string {
    const {stdout, stderr, status} = spawnSync(join(PROGRAMS ?? '', program), args, {
      ...{cwd: ROOT, encoding: 'utf8', env: {...process.env, HOME: folder}},
    });
    expect(status, stdout + stderr).toBe(0);
    return stdout + stderr;
  }

  it.runIf(existsSync(join(PROGRAMS ?? '', 'claude')))(
    'claude plugin validate',
    () => {
      expect(run('claude', 'plugin', 'validate', ROOT)).toContain('Validation passed');
    },
    60_000,
  );

  it.runIf(existsSync(join(PROGRAMS ?? '', 'gemini')))(
    'gemini extensions validate',
    () => {
      stage('gemini', join(folder, 'gemini'));
      expect(run('gemini', 'extensions', 'validate', join(folder, 'gemini'))).toContain(
        'successfully validated',
      );
    },
    60_000,
  );

  it.runIf(existsSync(join(PROGRAMS ?? '', 'codex')))(
    'codex plugin add',
    () => {
      run('codex', 'plugin', 'marketplace', 'add', ROOT);
      run('codex', 'plugin', 'add', `${NAME}@${NAME}`);
      expect(run('codex', 'mcp', 'list')).toMatch(/^opencode-delegate +opencode-delegate .* enabled/m);
    },
    60_000,
  );

  it.runIf(existsSync(join(PROGRAMS ?? '', 'mcpb')))(
    'mcpb validate and pack',
    () => {
      stage('mcpb', join(folder, 'mcpb'));
      const bundle = join(folder, 'x.mcpb');
      run('mcpb', 'validate', join(folder, 'mcpb', 'manifest.json'));
      run('mcpb', 'pack', join(folder, 'mcpb'), bundle);
      run('mcpb', 'unpack', bundle, join(folder, 'unpacked'));
      const main = join(folder, 'unpacked', 'dist', 'main.cjs');
      expect(execFileSync(process.execPath, [main, '--version'], {encoding: 'utf8'}).trim()).toBe(
        own.version,
      );
      expect(readFileSync(bundle).length).toBeLessThan(6_000_000);
    },
    60_000,
  );
});
