import {appendFileSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {execa} from 'execa';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {TestClient} from '../support/client.ts';
import {readText} from '../support/markdown.ts';
import {type Registry, startRegistry} from '../support/registry.ts';
import {NPM_BIN} from '../support/sandbox.ts';
import {type Scene, setScene} from '../support/scene.ts';

const page = readText('docs/clients.md');
/** What the page about clients has them start, once it is installed. */
const installed = found(/^claude mcp add .* -- (.*)$/m).split(' ');
/** What it names for where no repository lies. */
const [command = '', ...args] = found(/`(npx -y --prefer-offline [^`]*)`/).split(' ');
/** What it has people run there for a newer version. */
const upgrade = found(/`(npx [^`]*--version)`/).split(' ');

function found(pattern: RegExp): string {
  const match = pattern.exec(page);
  if (match === null) throw new Error(`docs/clients.md has no ${pattern}`);
  return match[1] ?? match[0];
}

interface Published extends Scene {
  readonly registry: Registry;
  readonly close: () => Promise<void>;
  run(words: readonly string[]): Promise<string>;
}

/** A home that gets packages from a registry which has this one. */
async function setUp(): Promise<Published> {
  // npx takes the folder out of PATH that the other tests have OpenCode from.
  const scene = await setScene(undefined, {env: {OPENCODE_DELEGATE_BIN: join(NPM_BIN, 'opencode')}});
  const {root, env, project} = scene.sandbox;
  const registry = await startRegistry(root);
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await registry.close();
    isClosed = true;
  };
  onTestFinished(close);
  writeFileSync(join(env.HOME ?? '', '.npmrc'), `registry=${registry.url}\nfetch-retries=0\naudit=false\n`);
  const run = async ([program = '', ...words]: readonly string[]) => {
    const {stdout} = await execa(program, words, {cwd: project, env, extendEnv: false, stdin: 'ignore'});
    return stdout;
  };
  return {...scene, registry, close, run};
}

async function works(client: TestClient): Promise<void> {
  expect((await client.read(await client.delegate('Work'))).blocks[1]).toBe('done');
}

describe('npx, to install', () => {
  it('puts the package in its place first, so that no client starts what npx may remove', async () => {
    const {sandbox, run} = await setUp();
    const {root, env} = sandbox;
    const home = env.HOME ?? '';
    appendFileSync(join(home, '.npmrc'), `prefix=${join(root, 'global')}\n`);
    const bin = process.platform === 'win32' ? join(root, 'global') : join(root, 'global', 'bin');
    Object.assign(env, {PATH: [bin, env.PATH].join(delimiter), OPENCODE_DELEGATE_HOST: 'off'});
    const printed = await run(['npx', '-y', 'opencode-delegate', 'install', 'cursor', '--yes']);
    expect(printed).toMatch(/^To be run first: npm install -g opencode-delegate@\d/m);
    expect(printed).toMatch(/^Cursor: it starts, and has [45] tools\.$/m);
    expect(JSON.parse(readFileSync(join(home, '.cursor', 'mcp.json'), 'utf8'))).toEqual({
      mcpServers: {'opencode-delegate': {command: 'opencode-delegate', args: []}},
    });
    expect(existsSync(join(bin, 'opencode-delegate'))).toBe(true);
    // And takes it back with what is installed now.
    await run(['opencode-delegate', 'uninstall', '--yes']);
    expect(existsSync(join(home, '.cursor'))).toBe(false);
  });
});

describe('npx, where no repository lies', () => {
  it('downloads the package once, and then starts without asking the registry, or reaching it', async () => {
    const {open, registry, close} = await setUp();
    await works(await open({command, args}));
    const before = registry.requests();
    expect(before).toBeGreaterThan(0);
    await works(await open({command, args}));
    expect(registry.requests()).toBe(before);
    await close();
    await works(await open({command, args}));
  });

  it('hands on to agents what the person has set for npm, and not what npx was told', async () => {
    const {open, model} = await setUp();
    let printed = '';
    model.script(({toolResults}) => {
      printed = toolResults[0] ?? '';
      if (toolResults.length > 0) return {text: 'done'};
      return {tool: 'bash', input: {command: 'env | grep npm_config', description: 'look'}};
    });
    await works(await open({command, args}));
    expect(printed).toContain('npm_config_registry=');
    expect(printed).not.toMatch(/npm_config_(yes|prefer_offline|allow_scripts)=/);
  });

  it('goes on with the version that is there until a person runs the command for a newer one', async () => {
    const {run, registry} = await setUp();
    const version = () => run([command, ...args, '--version']);
    const old = await version();
    registry.publish('99.0.0');
    expect(await version()).toBe(old);
    expect(await run(upgrade)).toBe('99.0.0');
    expect(await version()).toBe('99.0.0');
  });
});

it('what is installed starts by its name, and asks no registry', async () => {
  expect(installed).toEqual(['opencode-delegate']);
  const {sandbox, open, run, registry} = await setUp();
  const prefix = join(sandbox.root, 'global');
  await run(['npm', 'install', '-g', '--prefix', prefix, 'opencode-delegate']);
  const before = registry.requests();
  const PATH = [join(prefix, 'bin'), sandbox.env.PATH].join(delimiter);
  await works(await open({command: join(prefix, 'bin', 'opencode-delegate'), args: [], env: {PATH}}));
  expect(registry.requests()).toBe(before);
});
