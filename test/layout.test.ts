import {readdirSync, readFileSync} from 'node:fs';
import {posix} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** The floors of DESIGN.md's layout, from the top. A file imports from its own floor or from below. */
const FLOORS: readonly (readonly string[])[] = [
  ['main.ts'],
  ['host-process.ts', 'in-process.ts'],
  ['host.ts', 'plugin.ts'],
  ['environments.ts'],
  ['cli'],
  ['host'],
  ['mcp'],
  ['plugin'],
  ['opencode'],
  ['store'],
  ['git'],
  ['report'],
  ['delegation'],
  ['environment'],
  ['not-in-force.ts'],
  ['process'],
  [
    'config.ts',
    'data-dir.ts',
    'home.ts',
    'log.ts',
    'no-links.ts',
    'inside.ts',
    'load-failure.ts',
    'loaded-by-opencode.ts',
    'own-package.ts',
    'real-path.ts',
    'contains.ts',
    'ending-code.ts',
    'safe-text.ts',
    'sleep.ts',
    'stamp-secret.ts',
    'state-dir.ts',
    'upwards.ts',
    'within.ts',
    'working-directory.ts',
    'xdg.ts',
  ],
];

/** What lies below and is forbidden all the same: these floors know each other through the domain's ports. */
const STRANGERS: readonly (readonly [importer: string, imported: string])[] = [
  ['mcp', 'opencode'],
  ['mcp', 'store'],
  ['mcp', 'git'],
  ['opencode', 'git'],
  ['store', 'git'],
  ['opencode', 'store'],
  ['store', 'opencode'],
];

/** Packages that one floor alone may know. */
const OWNED: readonly (readonly [name: RegExp, owner: string])[] = [
  [/^@modelcontextprotocol\//, 'mcp'],
  [/^@opencode-ai\/sdk(\/|$)/, 'opencode'],
  [/^js-yaml$/, 'store'],
];

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

/** The folder of src/ that a file lies in, or its name where it lies in src/ itself. */
function floorOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function levelOf(path: string): number {
  return FLOORS.findIndex((floor) => floor.includes(floorOf(path)));
}

function resolve(importer: string, specifier: string): string {
  return posix.join(posix.dirname(importer), specifier);
}

function violationOf(importer: string, specifier: string, sources: Sources): string | undefined {
  const from = floorOf(importer);
  if (!specifier.startsWith('.')) {
    const owner = OWNED.find(([name]) => name.test(specifier))?.[1];
    return owner === undefined || owner === from ? undefined : `only ${owner}/ may import ${specifier}`;
  }
  const imported = resolve(importer, specifier);
  if (sources[imported] === undefined) return `${imported} does not exist`;
  const to = floorOf(imported);
  if (levelOf(imported) < levelOf(importer)) return `${to} is above ${from}`;
  const isStranger = STRANGERS.some(([a, b]) => a === from && b === to);
  return isStranger ? `${from} must not know ${to}` : undefined;
}

function violationsOf(sources: Sources): readonly string[] {
  return Object.entries(sources).flatMap(([importer, source]) => {
    if (levelOf(importer) === -1) return [`${importer}: it lies on no floor of the layout`];
    return importsOf(source).flatMap((specifier) => {
      const violation = violationOf(importer, specifier, sources);
      return violation === undefined ? [] : [`${importer}: ${violation}`];
    });
  });
}

/** Each cycle of files once, as `a -> b -> a`. */
function cyclesOf(sources: Sources): readonly string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) cycles.push([...trail.slice(start), path].join(' -> '));
    if (start !== -1 || done.has(path)) return;
    for (const specifier of importsOf(sources[path] ?? '')) {
      if (specifier.startsWith('.')) visit(resolve(path, specifier), [...trail, path]);
    }
    done.add(path);
  };
  for (const path of Object.keys(sources)) visit(path, []);
  return cycles;
}

function readSources(): Sources {
  const paths = readdirSync(SRC, {recursive: true, encoding: 'utf8'})
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(`${SRC}/${path}`, 'utf8')]));
}

describe('the source', () => {
  const sources = readSources();

  it('is found, and so are its imports', () => {
    expect(Object.keys(sources)).toContain('delegation/dispatch.ts');
    expect(importsOf(sources['delegation/dispatch.ts'] ?? '')).toEqual(
      expect.arrayContaining(['../log.ts', './live.ts', './ports.ts', './queue.ts']),
    );
    for (const [path, source] of Object.entries(sources)) {
      const clauses = source.match(/ from '[^']+';$/gm) ?? [];
      expect(importsOf(source).length, path).toBeGreaterThanOrEqual(clauses.length);
    }
  });

  it('imports only down the layout, and each SDK on its own floor', () => {
    expect(violationsOf(sources)).toEqual([]);
  });

  it('has no cycles between its files', () => {
    expect(cyclesOf(sources)).toEqual([]);
  });
});

describe('the checker', () => {
  const clean: Sources = {
    'main.ts': "import {Host} from './host.ts';",
    'host.ts': "import {a} from './mcp/serve.ts';\nimport {b} from './store/store.ts';",
    'mcp/serve.ts': "import {Server} from '@modelcontextprotocol/server';\nimport '../delegation/id.ts';",
    'opencode/runner.ts':
      "import type {Run} from '../delegation/id.ts';\nimport '@opencode-ai/sdk/v2/client';",
    'store/store.ts': "import {load} from 'js-yaml';\nimport type {Id} from '../delegation/id.ts';",
    'delegation/id.ts': "import {humanId} from 'human-id';\nimport type {Logger} from '../log.ts';",
    'log.ts': '',
  };
  const planted = (path: string, source: string) => violationsOf({...clean, [path]: source});

  it('finds nothing in a clean layout', () => {
    expect(violationsOf(clean)).toEqual([]);
    expect(cyclesOf(clean)).toEqual([]);
  });

  it.each([
    ['a static import upward', 'delegation/x.ts', "import {a} from '../store/store.ts';", 'store is above'],
    ['a type-only import upward', 'log.ts', "import type {A} from './delegation/id.ts';", 'is above log.ts'],
    ['a dynamic import upward', 'store/x.ts', "const a = await import('../mcp/serve.ts');", 'mcp is above'],
    ['an import type upward', 'store/x.ts', "let a: import('../host.ts').Host;", 'host.ts is above'],
    ['a re-export upward', 'opencode/x.ts', "export * from '../mcp/serve.ts';", 'mcp is above'],
    [
      'an import over several lines',
      'delegation/x.ts',
      "import {\n  a,\n  type B as C,\n} from '../store/store.ts';",
      'store is above',
    ],
    ['mcp knowing opencode', 'mcp/x.ts', "import '../opencode/runner.ts';", 'mcp must not know opencode'],
    ['mcp knowing the store', 'mcp/tools/x.ts', "import '../../store/store.ts';", 'mcp must not know store'],
    ['store knowing opencode', 'store/x.ts', "import '../opencode/runner.ts';", 'opencode is above store'],
    [
      'the MCP SDK outside of mcp',
      'host.ts',
      "import {Server} from '@modelcontextprotocol/server/stdio';",
      'only mcp/',
    ],
    ['the OpenCode SDK in the domain', 'delegation/x.ts', "import '@opencode-ai/sdk';", 'only opencode/'],
    ['YAML in the domain', 'delegation/x.ts', "import {load} from 'js-yaml';", 'only store/'],
    ['a file that does not exist', 'store/x.ts', "import './gone.ts';", 'store/gone.ts does not exist'],
    ['a file on no floor', 'utils/x.ts', '', 'lies on no floor'],
  ])('finds %s', (_, path, source, violation) => {
    expect(planted(path, source)).toEqual([expect.stringContaining(violation)]);
  });

  it('does not take a comment for an import', () => {
    expect(planted('store/x.ts', "// import '../mcp/serve.ts';\n/* import '../host.ts'; */")).toEqual([]);
  });

  it('finds a cycle, also of types', () => {
    const sources = {
      'delegation/a.ts': "import {b} from './b.ts';",
      'delegation/b.ts': "import type {C} from './c.ts';",
      'delegation/c.ts': "export {a} from './a.ts';",
      'delegation/d.ts': "import {b} from './b.ts';",
    };
    expect(cyclesOf(sources)).toEqual([
      'delegation/a.ts -> delegation/b.ts -> delegation/c.ts -> delegation/a.ts',
    ]);
  });
});
