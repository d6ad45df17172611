import {readdirSync, readFileSync} from 'node:fs';
import {posix} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/**
 * The rooms of the house, floor by floor from the top. A file imports from its own room or from a floor below; rooms
 * on one floor do not know each other. A name with `.ts` is a file that lies in the folder above it.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['main.ts'],
  ['bin.ts', 'hook'],
  ['app', 'hook/clients', 'plugin.ts', 'tui.ts'],
  ['bridge', 'cli', 'host', 'tui'],
  ['cli/commands', 'cli/view'],
  ['cli/view/draw', 'cli/view/feed', 'cli/doctor', 'cli/install'],
  ['cli/sources', 'cli/clients', 'tui/view'],
  ['link', 'cli/line', 'cli/view/screen', 'cli/view/state', 'tui/opencode'],
  ['cli/terminal'],
  ['mcp', 'plugin', 'control'],
  ['mcp/tools', 'plugin/compaction'],
  ['mcp/calls', 'plugin/notices'],
  ['mcp/resources', 'mcp/tasks', 'plugin/caller', 'plugin/records'],
  ['mcp/render', 'mcp/connection', 'plugin/opencode'],
  ['opencode', 'opencode/run'],
  ['opencode/catalog', 'opencode/watchdogs'],
  ['opencode/session'],
  ['opencode/server'],
  ['opencode/secrets', 'opencode/transcript'],
  ['opencode/trust', 'opencode/wire'],
  ['opencode/read-only', 'opencode/settings'],
  ['opencode/keeper', 'opencode/sandbox'],
  ['store'],
  ['store/index'],
  ['store/notices', 'store/projects', 'store/record'],
  ['store/files', 'pool/client', 'pool/worker'],
  ['pool/mail'],
  ['pool/travel'],
  ['git'],
  ['report'],
  ['delegation'],
  ['delegation/cancel'],
  ['delegation/read'],
  ['delegation/recover', 'delegation/submit'],
  ['delegation/run'],
  ['delegation/live'],
  ['delegation/asks', 'contract'],
  ['delegation/model'],
  ['pool/keys', 'pool/engine'],
  ['pool/seal'],
  ['pool/queue'],
  ['config.ts', 'environment', 'loaded-by-opencode.ts', 'process', 'schema'],
  ['settings', 'variables.ts'],
  ['base'],
];

/** What lies below and is forbidden all the same: these parts know each other through the domain's ports. */
const STRANGERS: readonly (readonly [importer: string, imported: string])[] = [
  ['mcp', 'opencode'],
  ['mcp', 'store'],
  ['mcp', 'git'],
  ['control', 'opencode'],
  ['control', 'store'],
  ['control', 'git'],
  ['opencode', 'git'],
  ['store', 'git'],
  ['opencode', 'store'],
  ['store', 'opencode'],
];

/** Packages that one part alone may know. */
const OWNED: readonly (readonly [name: RegExp, owner: string])[] = [
  [/^@modelcontextprotocol\//, 'mcp'],
  [/^@opencode-ai\/sdk(\/|$)/, 'opencode'],
  [/^js-yaml$/, 'store'],
  [/^(ink|react)$/, 'cli'],
  [/^(bullmq|pg|ioredis)(\/|$)/, 'pool'],
  [/^(@opentui\/|solid-js$)/, 'tui'],
];

/** A file of one idea is shorter. One that is longer is two, and each of them has a name. */
const MAX_LINES = 250;

/** File contents by path relative to src/. */
type Sources = Readonly<Record<string, string>>;

const IMPORTS = [
  /\b(?:import|export)\s+(?:type\s+)?(?:[\w*\s{},$]+?\s+from\s+)?(['"])(?<specifier>[^'"]+)\1/g,
  /\bimport\s*\(\s*(['"`])(?<specifier>[^'"`]+)\1/g,
  /\brequire\s*\(\s*(['"`])(?<specifier>[^'"`]+)\1/g,
];

/** Every module that the source names: static, dynamic, re-exported, and as a type. */
function importsOf(source: string): readonly string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return IMPORTS.flatMap((pattern) =>
    [...code.matchAll(pattern)].flatMap(({groups}) => groups?.specifier ?? []),
  );
}

/** The folder that a file lies in, or the file itself where it lies in src/. */
function roomOf(path: string): string {
  return path.includes('/') ? posix.dirname(path) : path;
}

/** The part of the program that a file belongs to. */
function partOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function levelOf(path: string): number {
  return FLOORS.findIndex((floor) => floor.includes(roomOf(path)));
}

function resolve(importer: string, specifier: string): string {
  // The build makes CommonJS of what is loaded as such.
  return posix.join(posix.dirname(importer), specifier).replace(/\.cjs$/, '.ts');
}

function violationOf(importer: string, specifier: string, sources: Sources): string | undefined {
  const part = partOf(importer);
  if (!specifier.startsWith('.')) {
    const owner = OWNED.find(([name]) => name.test(specifier))?.[1];
    return owner === undefined || owner === part ? undefined : `only ${owner}/ may import ${specifier}`;
  }
  const imported = resolve(importer, specifier);
  if (sources[imported] === undefined) return `${imported} does not exist`;
  const [from, to] = [roomOf(importer), roomOf(imported)];
  if (from !== to && levelOf(imported) < levelOf(importer)) return `${to} is above ${from}`;
  if (from !== to && levelOf(imported) === levelOf(importer)) return `${to} is beside ${from}`;
  const isStranger = STRANGERS.some(([a, b]) => a === part && b === partOf(imported));
  return isStranger ? `${part} must not know ${partOf(imported)}` : undefined;
}

function violationsOf(sources: Sources): readonly string[] {
  return Object.entries(sources).flatMap(([importer, source]) => {
    if (levelOf(importer) === -1) return [`${importer}: it lies in no room of the layout`];
    return importsOf(source).flatMap((specifier) => {
      const violation = violationOf(importer, specifier, sources);
      return violation === undefined ? [] : [`${importer}: ${violation}`];
    });
  });
}

const EXPORTS = /^export (?:async )?(?:abstract )?(?:type|interface|class|function|const) (\w+)/gm;

/** Each file that is longer than {@link MAX_LINES}. */
function overlong(sources: Sources): readonly string[] {
  const lengths = Object.entries(sources).map(([path, source]) => [path, linesOf(source)] as const);
  return lengths.filter(([, lines]) => lines > MAX_LINES).map(([path, lines]) => `${path}: ${lines} lines`);
}

function linesOf(source: string): number {
  return source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
}

/** Each name that more than one file exports, with those files. Two declarations of one file are overloads, or a type and its value. */
function twiceExported(sources: Sources): readonly string[] {
  const files = new Map<string, Set<string>>();
  for (const [path, source] of Object.entries(sources)) {
    for (const [, name = ''] of source.matchAll(EXPORTS)) {
      files.set(name, (files.get(name) ?? new Set()).add(path));
    }
  }
  return [...files]
    .filter(([, paths]) => paths.size > 1)
    .map(([name, paths]) => `${name}: ${[...paths].join(', ')}`);
}

function readSources(): Sources {
  const paths = readdirSync(SRC, {recursive: true, encoding: 'utf8'})
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.c?tsx?$/.test(path));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(`${SRC}/${path}`, 'utf8')]));
}

describe('the source', () => {
  const sources = readSources();

  it('is found, and so are its imports', () => {
    expect(Object.keys(sources)).toContain('delegation/run/dispatch.ts');
    expect(importsOf(sources['delegation/run/dispatch.ts'] ?? '')).toEqual(
      expect.arrayContaining(['../../base/log.ts', '../live/live.ts', './queue.ts']),
    );
    for (const [path, source] of Object.entries(sources)) {
      const clauses = source.match(/ from '[^']+';$/gm) ?? [];
      expect(importsOf(source).length, path).toBeGreaterThanOrEqual(clauses.length);
    }
  });

  it('imports only down the layout, and each SDK on its own floor', () => {
    expect(violationsOf(sources)).toEqual([]);
  });

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    expect(overlong(sources)).toEqual([]);
  });

  it('exports no name that means two things', () => {
    expect(twiceExported(sources)).toEqual([]);
  });
});

describe('the checker', () => {
  const clean: Sources = {
    'main.ts': "import {Service} from './app/service.ts';",
    'app/service.ts': "import {a} from '../mcp/serve.ts';\nimport {b} from '../store/store.ts';",
    'mcp/serve.ts':
      "import {Server} from '@modelcontextprotocol/server';\nimport '../delegation/model/id.ts';",
    'opencode/run/runner.ts':
      "import type {Run} from '../../delegation/model/id.ts';\nimport '@opencode-ai/sdk/v2/client';",
    'store/store.ts': "import {load} from 'js-yaml';\nimport type {Id} from '../delegation/model/id.ts';",
    'delegation/model/id.ts':
      "import {humanId} from 'human-id';\nimport type {Logger} from '../../base/log.ts';",
    'delegation/run/queue.ts': "import './lane.ts';",
    'delegation/run/lane.ts': "import type {Id} from '../model/id.ts';",
    'base/log.ts': '',
  };
  const planted = (path: string, source: string) => violationsOf({...clean, [path]: source});

  it('finds nothing in a clean layout', () => {
    expect(violationsOf(clean)).toEqual([]);
  });

  it.each([
    [
      'a static import upward',
      'delegation/model/x.ts',
      "import {a} from '../../store/store.ts';",
      'store is above',
    ],
    [
      'a type-only import upward',
      'base/log.ts',
      "import type {A} from '../delegation/model/id.ts';",
      'is above base',
    ],
    [
      'an import from a higher room of the same part',
      'delegation/model/x.ts',
      "import '../run/queue.ts';",
      'delegation/run is above',
    ],
    [
      'an import from a room on the same floor',
      'delegation/submit/x.ts',
      "import '../recover/y.ts';",
      'delegation/recover is beside delegation/submit',
      {'delegation/recover/y.ts': ''} as Sources,
    ],
    ['a dynamic import upward', 'store/x.ts', "const a = await import('../mcp/serve.ts');", 'mcp is above'],
    ['an import type upward', 'store/x.ts', "let a: import('../app/service.ts').Service;", 'app is above'],
    ['a re-export upward', 'opencode/run/x.ts', "export * from '../../mcp/serve.ts';", 'mcp is above'],
    [
      'an import over several lines',
      'delegation/model/x.ts',
      "import {\n  a,\n  type B as C,\n} from '../../store/store.ts';",
      'store is above',
    ],
    ['mcp knowing opencode', 'mcp/x.ts', "import '../opencode/run/runner.ts';", 'mcp must not know opencode'],
    ['mcp knowing the store', 'mcp/tools/x.ts', "import '../../store/store.ts';", 'mcp must not know store'],
    ['store knowing opencode', 'store/x.ts', "import '../opencode/run/runner.ts';", 'is above store'],
    [
      'the MCP SDK outside of mcp',
      'app/service.ts',
      "import {Server} from '@modelcontextprotocol/server/stdio';",
      'only mcp/',
    ],
    ['the OpenCode SDK in the domain', 'delegation/run/x.ts', "import '@opencode-ai/sdk';", 'only opencode/'],
    ['YAML in the domain', 'delegation/run/x.ts', "import {load} from 'js-yaml';", 'only store/'],
    ['a file that does not exist', 'store/x.ts', "import './gone.ts';", 'store/gone.ts does not exist'],
    ['a file in no room', 'utils/x.ts', '', 'lies in no room'],
  ])('finds %s', (_, path, source, violation, others = {}) => {
    expect(violationsOf({...clean, ...others, [path]: source})).toEqual([expect.stringContaining(violation)]);
  });

  it('does not take a comment for an import', () => {
    expect(planted('store/x.ts', "// import '../mcp/serve.ts';\n/* import '../app/service.ts'; */")).toEqual(
      [],
    );
  });

  it('finds a file that is one line too long', () => {
    const lines = (count: number) => 'const a = 1;\n'.repeat(count);
    const sources = {'base/a.ts': lines(MAX_LINES), 'base/b.ts': lines(MAX_LINES + 1)};
    expect(overlong(sources)).toEqual([`base/b.ts: ${MAX_LINES + 1} lines`]);
  });

  it('finds a name that two files export', () => {
    const sources = {
      'base/a.ts':
        'export interface Found {}\nexport function one(): void;\nexport function one(a?: 1): void {}',
      'base/b.ts': 'export async function Found() {}\nconst one = 1;',
    };
    expect(twiceExported(sources)).toEqual(['Found: base/a.ts, base/b.ts']);
  });
});
