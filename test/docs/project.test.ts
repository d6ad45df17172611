import {existsSync, readdirSync, rmSync} from 'node:fs';
import {load} from 'js-yaml';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {z} from 'zod';
import config from '../../vitest.config.ts';
import {packageJson} from '../support/code-facts.ts';
import {DOCUMENTS} from '../support/documents.ts';
import {Page, readText} from '../support/markdown.ts';
import {createSandbox} from '../support/sandbox.ts';

const FORMS = '.github/ISSUE_TEMPLATE';
const FORM_NAMES = readdirSync(new URL(`../../${FORMS}`, import.meta.url));

const manifest = z.object({
  repository: z.object({type: z.literal('git'), url: z.string()}),
  bugs: z.object({url: z.string()}),
  homepage: z.string(),
});

const form = z.object({
  name: z.string().min(1),
  description: z.string().min(1),
  labels: z.array(z.string()),
  body: z.array(
    z.object({
      type: z.enum(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']),
      id: z
        .string()
        .regex(/^[\w-]+$/)
        .optional(),
      attributes: z.object({label: z.string().optional(), description: z.string().optional()}),
      validations: z.object({required: z.boolean()}).optional(),
    }),
  ),
});

const workflow = z.object({
  on: z.record(z.string(), z.unknown()),
  jobs: z.record(
    z.string(),
    z.object({
      strategy: z.object({matrix: z.object({os: z.array(z.string()), node: z.array(z.number())})}).optional(),
      steps: z.array(z.object({run: z.string().optional()})),
    }),
  ),
});

const vitestConfig = z.object({
  test: z.object({projects: z.array(z.object({test: z.object({name: z.string()})}))}),
});

/** The projects of vitest, by name. */
function projectsOf(given: unknown): readonly string[] {
  return vitestConfig.parse(given).test.projects.map(({test}) => test.name);
}

function yaml(path: string): unknown {
  return load(readText(path));
}

describe('the owner of the repository', () => {
  it('is the same in every address, so that one replacement is enough', () => {
    const paths = [...DOCUMENTS.map(({path}) => path), ...FORM_NAMES.map((name) => `${FORMS}/${name}`)];
    const owners = [...paths, 'package.json'].flatMap((path) =>
      [...readText(path).matchAll(/github\.com[/:]([^/\s"]+)\/opencode-delegate\b/g)].map(
        ([, owner]) => owner,
      ),
    );
    expect(owners.length).toBeGreaterThan(0);
    const {repository} = manifest.parse(JSON.parse(readText('package.json')));
    expect(new Set(owners)).toEqual(new Set([/github\.com\/([^/]+)\//.exec(repository.url)?.[1]]));
  });

  it('stands in package.json for the repository, its issues and its page alike', () => {
    const {repository, bugs, homepage} = manifest.parse(JSON.parse(readText('package.json')));
    const page = repository.url.replace(/^git\+(.*)\.git$/, '$1');
    expect({bugs: bugs.url, homepage}).toEqual({bugs: `${page}/issues`, homepage: `${page}#readme`});
  });
});

describe.each(
  readdirSync(new URL(`../../${FORMS}`, import.meta.url)).filter((name) => name !== 'config.yml'),
)('the issue form %s', (name) => {
  const {body} = form.parse(yaml(`${FORMS}/${name}`));
  const fields = body.filter(({type}) => type !== 'markdown');

  it('has fields with labels and ids of their own', () => {
    const ids = fields.map(({id}) => id);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(fields.map(({attributes}) => attributes.label)).not.toContain(undefined);
  });

  it('asks for the output of status and for the log', () => {
    expect(fields.find(({id}) => id === 'status')?.attributes.label).toContain('opencode-delegate status');
    expect(fields.map(({id}) => id)).toContain('log');
  });
});

it('a bug is not reported without status and log', () => {
  const {body} = form.parse(yaml(`${FORMS}/bug.yml`));
  const required = body.filter(({validations}) => validations?.required === true).map(({id}) => id);
  expect(required).toEqual(expect.arrayContaining(['status', 'log']));
});

describe('the workflow that checks', () => {
  const {jobs} = workflow.parse(yaml('.github/workflows/check.yml'));
  const runs = jobs.readme?.steps.flatMap(({run}) => run ?? []) ?? [];

  it('runs on each system, with each Node that is supported', () => {
    const {os, node} = jobs.readme?.strategy?.matrix ?? {};
    expect(os).toEqual(['ubuntu-latest', 'macos-latest', 'windows-latest']);
    expect(node).toEqual([20, 22, 24]);
    expect(packageJson().engines.node).toMatch(/^>=20\./);
  });

  it('runs what the README tells a newcomer to run', () => {
    const commands = new Page('README.md').fences.map((fence) => fence.trim());
    const checkout = commands.filter((command) => command.startsWith('npm install &&'));
    expect(checkout).toHaveLength(2);
    expect(runs).toEqual(expect.arrayContaining(checkout));
  });

  it('starts the command that is installed from the package', () => {
    expect(runs.some((run) => run.startsWith('npm install -g'))).toBe(true);
    expect(runs.some((run) => run.includes('opencode-delegate --version'))).toBe(true);
  });
});

describe('the changelog', () => {
  const headings = [...readText('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);

  it('opens with what is not released, or with the version of the package', () => {
    expect(headings[0]).toMatch(/^\[Unreleased\]$|^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
    if (headings[0] !== '[Unreleased]') expect(headings[0]).toContain(`[${packageJson().version}]`);
  });

  it('sorts changes under the headings that the format has', () => {
    const kinds = [...readText('CHANGELOG.md').matchAll(/^### (.+)$/gm)].map(([, kind]) => kind);
    expect(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']).toEqual(
      expect.arrayContaining([...new Set(kinds)]),
    );
  });

  it('says which OpenCode the tests run with', () => {
    const {devDependencies} = z
      .object({devDependencies: z.object({'opencode-ai': z.string()})})
      .parse(JSON.parse(readText('package.json')));
    const [newest = ''] = readText('CHANGELOG.md').split(/^## /m).slice(1);
    expect(newest).toContain(`OpenCode ${devDependencies['opencode-ai']}`);
  });
});

describe('the map of the source', () => {
  it('names folders and files that there are, and every folder of src', () => {
    const map = new Page('docs/development.md').fence('# Development', '');
    const named = map.split('\n').map((line) => line.split(/\s/)[0]?.replace(/\/$/, ''));
    const folders = readdirSync(new URL('../../src', import.meta.url), {withFileTypes: true})
      .filter((entry) => entry.isDirectory())
      .map(({name}) => `src/${name}`);
    expect(named).toEqual(expect.arrayContaining(folders));
    expect([
      ...folders,
      'src/main.ts',
      'src/bin.ts',
      'src/plugin.ts',
      'src/tui.ts',
      'src/config.ts',
      'shops',
      'test',
    ]).toEqual(expect.arrayContaining(named));
  });
});

it('the guide for contributors names projects and files that there are', () => {
  const guide = readText('.github/CONTRIBUTING.md');
  for (const [, path = ''] of guide.matchAll(/\b((?:test|src)\/[\w./-]+\.ts)\b/g)) {
    expect(readText(path), path).not.toBe('');
  }
  const named = [...guide.matchAll(/--project (?:'([^']+)'|([\w-]+))/g)].map(
    ([, quoted, plain]) => quoted ?? plain,
  );
  // The others are there in `npm run test:all` alone.
  const everyday = projectsOf(config).filter((name) => name !== 'facts' && name !== 'at a terminal');
  expect(new Set(named)).toEqual(new Set(everyday));
});

describe('a sandbox', () => {
  it('stays with TEST_KEEP=1, as the guide says, and goes without', async () => {
    const kept = createSandbox();
    onTestFinished(() => rmSync(kept.root, {recursive: true}));
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('TEST_KEEP', '1');
    await kept.remove();
    vi.unstubAllEnvs();
    stderr.mockRestore();
    expect(existsSync(kept.root)).toBe(true);

    const gone = createSandbox();
    await gone.remove();
    expect(existsSync(gone.root)).toBe(false);
  });
});
