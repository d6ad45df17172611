import {execFileSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {DOCS} from './support/documents.ts';

/** What OpenCode's binary gives to terminal plugins. */
const PROVIDED = ['@opentui/solid', 'solid-js'];

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * What only the live view needs. It is bundled into the view's own file and nothing else, so that an install brings none
 * of it: with all that it depends on, it would more than double what is installed, for those who never open the view.
 */
const BUNDLED = ['ink', 'react'];

/** What only a pool needs. Those who have one install it themselves; the tests have it. */
const POOL = ['bullmq', 'ioredis', 'pg'];

const manifest = z
  .object({
    bin: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
    peerDependencies: z.record(z.string(), z.string()),
    peerDependenciesMeta: z.record(z.string(), z.object({optional: z.literal(true)})),
  })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

describe('the package', () => {
  it('holds what was built, the documents for users, licence and the example, and nothing else', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const paths = packedFiles(JSON.parse(packed)).map(({path}) => path);
    expect(paths).toContain('dist/main.cjs');
    expect(paths.filter((path) => !path.startsWith('dist/')).sort()).toEqual(
      [
        ...['CHANGELOG.md', 'LICENSE', 'README.md', ...DOCS, 'mcp.json.example', 'package.json'],
        // What makes a plugin of the package.
        ...['.claude-plugin/plugin.json', 'gemini-extension.json', 'mcp.json', 'plugin.json'],
        ...['hooks/claude-code.json', 'hooks/gemini.json', 'skills/delegate/SKILL.md'],
      ].sort(),
    );
  });

  it('has a bin of its own name that a shell can start', () => {
    expect(Object.keys(manifest.bin)).toEqual(['opencode-delegate']);
    const bin = join(ROOT, manifest.bin['opencode-delegate'] ?? '');
    expect(existsSync(bin)).toBe(true);
    expect(readFileSync(bin, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
  });

  it('has a plugin of one small file that needs nothing beside it', () => {
    const plugin = readFileSync(join(ROOT, 'dist', 'plugin.js'), 'utf8');
    const imported = [...plugin.matchAll(/\bfrom\s*"([^"]+)"/g)].flatMap(([, specifier]) => specifier ?? []);
    expect(imported.filter((specifier) => !isBuiltin(specifier))).toEqual([]);
    // All of zod's languages come along where a single file imports its namespace by name.
    expect(plugin.length).toBeLessThan(250_000);
  });

  it('has a terminal plugin of one file, which imports what OpenCode provides in the only way that it finds', () => {
    const plugin = readFileSync(join(ROOT, 'dist', 'tui.js'), 'utf8');
    const imported = [...plugin.matchAll(/\bfrom\s*"([^"]+)"/g)].flatMap(([, specifier]) => specifier ?? []);
    const others = imported.filter((specifier) => !isBuiltin(specifier));
    expect([...new Set(others)].sort()).toEqual(PROVIDED);
    // OpenCode finds these names by a pattern, which wants a blank: where it finds none, it loads no plugin and is silent.
    for (const name of PROVIDED) expect(plugin).toMatch(new RegExp(`^import .* from "${name}";$`, 'm'));
    expect(plugin.length).toBeLessThan(450_000);
  });

  it('depends on every package that src imports, but for what is bundled or provided, and on no other', () => {
    const needed = importedPackages().filter((name) => ![...BUNDLED, ...PROVIDED, ...POOL].includes(name));
    expect(needed).toEqual(Object.keys(manifest.dependencies).sort());
    expect(Object.keys(manifest.devDependencies)).toEqual(expect.arrayContaining([...BUNDLED, ...POOL]));
    expect(Object.keys(manifest.peerDependencies)).toEqual(POOL);
    expect(Object.keys(manifest.peerDependenciesMeta)).toEqual(POOL);
  });

  it('has what is bundled in the file of the live view, which needs nothing beside the package, and in no other', () => {
    const view = join('cli', 'view', 'view.js');
    const dist = join(ROOT, 'dist');
    const files = readdirSync(dist, {recursive: true, encoding: 'utf8'}).filter((name) =>
      name.endsWith('.js'),
    );
    const withReact = files.filter((name) =>
      readFileSync(join(dist, name), 'utf8').includes('react.element'),
    );
    expect(withReact).toEqual([view]);
    const code = readFileSync(join(dist, view), 'utf8');
    const imported = [...code.matchAll(/(?:^|[;}])import[^'"()]*?['"]([^'"]+)['"]/g)];
    const packages = imported.map(([, specifier = '']) => specifier).filter((name) => !name.startsWith('.'));
    expect(packages.length).toBeGreaterThan(3);
    expect(packages.filter((name) => !isBuiltin(name))).toEqual([]);
  });

  it('has the licence of every package whose code it has, beside that code', async () => {
    const {metafile} = await build({
      absWorkingDir: ROOT,
      ...{bundle: true, write: false, metafile: true, platform: 'node', format: 'esm', logLevel: 'error'},
      ...{mainFields: ['module', 'main'], outdir: 'unused'},
      entryPoints: ['src/app/host.ts', 'src/cli/run-command.ts', 'src/plugin.ts', 'src/tui.ts'],
      external: [...PROVIDED, 'react-devtools-core', 'ws', 'bullmq', 'pg', 'ioredis'],
    });
    const used = Object.values(metafile.outputs).flatMap(({inputs}) => Object.keys(inputs));
    const bundled = used.flatMap((path) => /.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
    expect(bundled).toEqual(expect.arrayContaining([...BUNDLED, 'yoga-layout', 'zod', 'smol-toml']));
    const licences = licencesByName();
    for (const name of new Set(bundled)) {
      expect(licences.get(name), name).toMatch(/copyright|apache license/i);
      expect(licences.get(name), name).toMatch(/without (?:any )?warrant|"as is"/i);
    }
  });

  it('names no package as both a dependency and a development dependency', () => {
    const both = Object.keys(manifest.dependencies).filter((name) => name in manifest.devDependencies);
    expect(both).toEqual([]);
  });
});

/** What the notices beside the code say of each package. */
function licencesByName(): ReadonlyMap<string, string> {
  const notices = readFileSync(join(ROOT, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  const [, ...blocks] = notices.split(/\n\n-{80}\n\n/);
  return new Map(
    blocks.flatMap((block) => {
      const [names = '', ...text] = block.split('\n\n');
      return names.split('\n').map((line) => [line.split(' ')[0] ?? '', text.join('\n\n')] as const);
    }),
  );
}

/** npm 11 and before answer with a list of packages, later ones with a record by name. */
function packedFiles(answer: unknown): readonly {path: string}[] {
  const pack = z.object({files: z.array(z.object({path: z.string()}))});
  const packs = z.union([z.array(pack), z.record(z.string(), pack)]).parse(answer);
  return Object.values(packs).flatMap(({files}) => files);
}

/** The names of the packages, without the paths into them, that any file of src imports. */
function importedPackages(): readonly string[] {
  const src = join(ROOT, 'src');
  const files = readdirSync(src, {recursive: true, encoding: 'utf8'}).filter((name) => /\.tsx?$/.test(name));
  const specifiers = files.flatMap((name) =>
    [
      ...readFileSync(join(src, name), 'utf8').matchAll(/(?:\bfrom |\bimport |\bimport\()'([^'.][^']*)'/g),
    ].flatMap(([, specifier]) => specifier ?? []),
  );
  const names = specifiers
    .filter((specifier) => !isBuiltin(specifier))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return [...new Set(names)].sort();
}
