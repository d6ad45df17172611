import {spawnSync} from 'node:child_process';
import {copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {TestClient} from '../support/client.ts';
import {eventually, processesIn, signalEach} from '../support/processes.ts';
import {BIN, HOST_MODE, hostsIn, type Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';

/** The package, installed in the sandbox, where it can be replaced. */
class Installed {
  readonly folder: string;
  readonly main: string;
  readonly version: string;

  constructor({root}: Sandbox) {
    this.folder = join(root, 'node_modules', 'opencode-delegate');
    this.main = join(this.folder, 'dist', 'main.cjs');
    this.version = JSON.parse(readFileSync(join(dirname(BIN), '..', 'package.json'), 'utf8')).version;
    this.install(this.version);
  }

  /** As npm does it: what was there is gone. */
  install(version: string): void {
    rmSync(this.folder, {recursive: true, force: true});
    mkdirSync(this.folder, {recursive: true});
    cpSync(dirname(BIN), join(this.folder, 'dist'), {recursive: true});
    const manifest = JSON.parse(readFileSync(join(dirname(BIN), '..', 'package.json'), 'utf8'));
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify({...manifest, version}));
  }

  remove(): void {
    rmSync(this.folder, {recursive: true});
  }
}

/** Resolves when the client's bridge has noticed it, too: a call before that is one that was under way. */
async function killHost(sandbox: Sandbox, client: TestClient): Promise<void> {
  const hosts = hostsIn(sandbox.runtimeDir);
  expect(hosts).toHaveLength(1);
  signalEach(hosts, 'SIGKILL');
  await eventually(() => client.stderr().includes('the host went away'));
}

describe.runIf(HOST_MODE === 'on')('a package that is replaced under a running client', () => {
  async function setUp() {
    const scene = await setScene();
    const installed = new Installed(scene.sandbox);
    const start = () => scene.open({args: [installed.main]});
    return {...scene, installed, start, client: await start()};
  }

  it.each([
    ['upgraded', '99.0.0'],
    ['downgraded', '0.0.1'],
  ])('is %s: the client is told so once its host is gone, and another one goes on', async (way, to) => {
    const {sandbox, installed, start, client} = await setUp();
    const id = await client.delegate('Work of the old version');
    await client.read(id);
    installed.install(to);
    // What runs does not depend on what is installed.
    expect((await client.call('delegation_list')).text).toContain(id);
    const other = await start();
    expect((await other.read(await other.delegate('Work of the new version'))).blocks[1]).toBe('done');
    expect(hostsIn(sandbox.runtimeDir)).toHaveLength(2);
    await other.close();
    await eventually(() => hostsIn(sandbox.runtimeDir).length === 1);

    await killHost(sandbox, client);
    const told = `opencode-delegate was ${way} from ${installed.version} to ${to} under this client. Start the client again.`;
    // No host that nobody would find is started, and each call is answered in the same way.
    await expect(client.call('delegation_list')).rejects.toThrow(told);
    await expect(client.call('delegate', {prompt: 'p'})).rejects.toThrow(told);
    await allGoneBut(sandbox, client.pid);

    expect((await (await start()).call('delegation_list')).text).toContain(id);
  });

  it('is gone: the client is told so, and goes on when it is there again', async () => {
    const {sandbox, installed, client} = await setUp();
    await client.call('delegation_list');
    installed.remove();
    await killHost(sandbox, client);
    await expect(client.call('delegation_list')).rejects.toThrow(
      `opencode-delegate ${installed.version} is no longer in ${installed.folder}, where this client has started it: it was upgraded, moved or removed. Start the client again.`,
    );
    installed.install(installed.version);
    expect((await client.call('delegation_list')).text).toBe('No delegations in this project yet.');
  });

  it('is gone: read-only is refused with the reason, and what needs nothing of it goes on', async () => {
    const {installed, client} = await setUp();
    installed.remove();
    expect((await client.read(await client.delegate('Work'))).blocks[1]).toBe('done');
    const {text} = await client.read(await client.delegate('Look', {access: 'read-only'}));
    expect(text).toMatch(
      /read-only cannot be held here, so nothing was run: .*guard\.js is gone: opencode-delegate was upgraded, moved or removed while its background process ran\. End that process \(`opencode-delegate stop`\), and start the client again\./,
    );
  });

  it('is still there, and Node is not: the client is told so', async () => {
    const {sandbox, open} = await setScene();
    const node = join(sandbox.root, 'node');
    copyFileSync(process.execPath, node);
    const client = await open({command: node});
    await client.call('delegation_list');
    rmSync(node);
    await killHost(sandbox, client);
    await expect(client.call('delegation_list')).rejects.toThrow(
      `Node is no longer at ${node}, where this client has started opencode-delegate with it`,
    );
  });
});

it('a package that is gone is said to be that, without advice for a host, where there is none', async () => {
  const scene = await setScene();
  const installed = new Installed(scene.sandbox);
  const client = await scene.open({args: [installed.main], env: {OPENCODE_DELEGATE_HOST: 'off'}});
  installed.remove();
  const {text} = await client.read(await client.delegate('Look', {access: 'read-only'}));
  expect(text).toMatch(/guard\.js is gone: .* while it ran\. Start the client again\./);
  expect(text).not.toContain('opencode-delegate stop');
});

describe('a package of which a part is missing', () => {
  async function setUp(part: string) {
    const {sandbox, open} = await setScene();
    const {folder, main, version} = new Installed(sandbox);
    rmSync(join(folder, 'dist', part));
    const words = `A part of opencode-delegate ${version} could not be loaded: Cannot find module`;
    return {sandbox, open, main, words};
  }

  it.runIf(HOST_MODE === 'on').each([join('link', 'start.js'), join('app', 'host.js')])(
    'is said to be that: %s',
    async (part) => {
      const {open, main, words} = await setUp(part);
      const opened = open({args: [main]});
      await expect(opened).rejects.toThrow(words);
      await expect(opened).rejects.toThrow('reinstall it and start the client again');
    },
  );

  it('is said to be that where there is no host', async () => {
    const {sandbox, main, words} = await setUp(join('app', 'in-process.js'));
    const {stderr, status} = spawnSync(process.execPath, [main], {
      ...{cwd: sandbox.project, encoding: 'utf8', input: ''},
      env: {...sandbox.env, OPENCODE_DELEGATE_HOST: 'off'},
    });
    expect(stderr).toContain(words);
    expect(status).toBe(1);
  });
});

/** Nothing of the sandbox runs but that process. */
function allGoneBut({root}: Sandbox, pid: number): Promise<void> {
  return eventually(() => processesIn(root).every((one) => one.pid === pid));
}
