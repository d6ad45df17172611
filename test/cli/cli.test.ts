import {spawn} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {connect} from '../support/client.ts';
import {BIN, createSandbox, hostsIn, type Sandbox} from '../support/sandbox.ts';

describe('the command', () => {
  let sandbox: Sandbox;
  const cleanups: (() => unknown)[] = [];

  beforeEach(() => {
    sandbox = createSandbox();
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    await sandbox.remove();
  });

  async function run(...args: string[]) {
    const options = {env: sandbox.env, extendEnv: false, reject: false} as const;
    const {stdout, stderr, exitCode} = await execa(process.execPath, [BIN, ...args], options);
    return {stdout, stderr, exitCode};
  }

  async function open(env: Record<string, string> = {}): Promise<number> {
    const before = hostsIn(sandbox.runtimeDir);
    const client = await connect(sandbox, {env: {...env, OPENCODE_DELEGATE_HOST: 'on'}});
    cleanups.push(() => client.close());
    const [pid] = hostsIn(sandbox.runtimeDir).filter((other) => !before.includes(other));
    return pid ?? 0;
  }

  it.skipIf(process.platform !== 'linux')('says in a line that its output cannot be written', async () => {
    const line = ['-c', '"$0" "$1" status > /dev/full', process.execPath, BIN];
    const {stderr, exitCode} = await execa('/bin/sh', line, {
      env: sandbox.env,
      extendEnv: false,
      reject: false,
    });
    expect({stderr, exitCode}).toEqual({
      stderr: expect.stringMatching(/^What was printed could not be written: ENOSPC[^\n]*$/),
      exitCode: 1,
    });
  });

  it('status says that no host runs, and where the log is', async () => {
    const log = join(sandbox.env.HOME ?? '', '.local', 'state', 'opencode-delegate', 'host.log');
    expect(await run('status')).toMatchObject({stdout: `No host runs.\nLog: "${log}"`, exitCode: 0});
  });

  it('status names the host, with its clients and the environments they come from, and no value', async () => {
    const host = await open();
    await open({TERM_SESSION_ID: 'noise'});
    await open({KUBECONFIG: '/secret/config', ANTHROPIC_API_KEY: 'sk-secret'});
    const {stdout} = await run('status');
    expect(stdout).toContain(`process ${host} · since `);
    expect(stdout).toContain('clients: 3 · delegations: 0\n');
    expect(stdout).toMatch(
      /\n {2}environment 1 · clients: 2 · delegations: 0 · OpenCode servers: \d\n {2}environment 2 · clients: 1 · .* · differs from the first in ANTHROPIC_API_KEY, KUBECONFIG\n/,
    );
    expect(stdout).not.toContain('secret');
  });

  it('stop ends the host of this data folder alone, and stop --all ends all', async () => {
    const own = await open();
    const elsewhere = join(sandbox.root, 'elsewhere');
    await open({OPENCODE_DELEGATE_DATA_DIR: elsewhere});
    const [other] = hostsIn(join(elsewhere, '.host'));
    expect((await run('status')).stdout).toMatch(
      new RegExp(`process ${other} · since .* · of another data folder or version: ".*elsewhere"`),
    );
    expect(await run('stop')).toMatchObject({
      stdout: `Process ${own} has ended. Delegations it interrupted: 0.`,
      exitCode: 0,
    });
    expect(hostsIn(sandbox.runtimeDir)).toEqual([]);
    expect(hostsIn(join(elsewhere, '.host'))).toEqual([other]);
    expect((await run('stop')).stdout).toBe(
      'No host of this data folder runs. 1 of other data folders or versions do; --all ends them.',
    );
    expect((await run('stop', '--all')).stdout).toContain(`Process ${other} has ended`);
    expect(hostsIn(join(elsewhere, '.host'))).toEqual([]);
    expect((await run('status')).stdout).toContain('No host runs.');
  });

  it('a client that passes little of its environment on shares the host of those that do', async () => {
    // As Codex: it passes no XDG_RUNTIME_DIR on to its servers.
    const {XDG_RUNTIME_DIR: _, ...env} = sandbox.env;
    const pid = await open();
    const client = await connect({...sandbox, env}, {env: {OPENCODE_DELEGATE_HOST: 'on'}});
    cleanups.push(() => client.close());
    expect(hostsIn(sandbox.runtimeDir)).toEqual([pid]);
    expect((await run('status')).stdout).toContain('clients: 2 · delegations: 0\n');
  });

  it('stop leaves a process alone that has got the number of a dead host', async () => {
    mkdirSync(sandbox.runtimeDir, {recursive: true, mode: 0o700});
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {stdio: 'ignore'});
    cleanups.push(() => bystander.kill('SIGKILL'));
    const lock = join(sandbox.runtimeDir, '0123456789abcdef.lock');
    writeFileSync(lock, JSON.stringify({pid: bystander.pid, startedAt: 0}));
    expect(await run('stop', '--all')).toMatchObject({
      stdout: expect.stringContaining(`Process ${bystander.pid} does not answer as a host`),
      exitCode: 1,
    });
    expect(bystander.exitCode).toBeNull();
    process.kill(bystander.pid ?? 0, 0);
  });

  it('trust says where there is nothing to trust, and changes nothing where there is no directory', async () => {
    expect(await run('trust', sandbox.project)).toEqual({
      stdout: `"${sandbox.project}" brings nothing that OpenCode runs by itself: it needs no trust.`,
      ...{stderr: '', exitCode: 0},
    });
    const gone = join(sandbox.root, 'gone');
    expect(await run('trust', gone)).toMatchObject({
      ...{stderr: `"${gone}" is no directory. Nothing has changed.`, exitCode: 1},
    });
    expect((await run('trust', '--remove', gone)).stdout).toBe(`"${gone}" was not trusted.`);
    expect((await run('trust', '--list')).stdout).toBe('Nothing is trusted.');
  });

  it('says nothing more when nobody reads on', async () => {
    const {stderr, exitCode} = await execa(
      'bash',
      ['-c', '"$0" "$1" help | true; exit $PIPESTATUS', process.execPath, BIN],
      {env: sandbox.env, extendEnv: false, reject: false},
    );
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0});
  });

  it.each([
    ['unknown'],
    ['status', 'more'],
    ['--unknown'],
    ['trust'],
    ['trust', 'a', 'b'],
    ['trust', '.', '--list'],
  ])('refuses %s', async (...args) => {
    expect(await run(...args)).toMatchObject({exitCode: 2, stderr: expect.stringContaining('Usage: ')});
  });
});
