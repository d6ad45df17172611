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

  it('status says that no host runs, and where the log is', async () => {
    const log = join(sandbox.env.HOME ?? '', '.local', 'state', 'opencode-delegate', 'host.log');
    expect(await run('status')).toMatchObject({stdout: `No host runs.\nLog: ${log}`, exitCode: 0});
  });

  it('status names every host, with its clients, and does not count itself', async () => {
    // The level of the test's clients is another than the one of this command's environment.
    const other = await open();
    const own = await open({OPENCODE_DELEGATE_LOG: ''});
    const {stdout} = await run('status');
    expect(own).toBeGreaterThan(0);
    expect(stdout).toContain(`process ${other} · since `);
    expect(stdout.match(/clients: 1 · delegations: 0 · /g)).toHaveLength(2);
  });

  it('stop ends the host of this environment alone, and stop --all ends all', async () => {
    // As the test's clients start theirs: with their log level, and the shell of whoever runs the tests.
    Object.assign(sandbox.env, {OPENCODE_DELEGATE_LOG: 'debug', SHELL: '/bin/sh'});
    const own = await open();
    const other = await open({ANTHROPIC_API_KEY: 'another'});
    expect(await run('stop')).toMatchObject({
      stdout: `Process ${own} has ended. Delegations it interrupted: 0.`,
      exitCode: 0,
    });
    expect(hostsIn(sandbox.runtimeDir)).toEqual([other]);
    expect((await run('stop')).stdout).toBe(
      'No host of this environment runs. 1 of other environments do; --all ends them.',
    );
    expect((await run('stop', '--all')).stdout).toContain(`Process ${other} has ended`);
    expect(hostsIn(sandbox.runtimeDir)).toEqual([]);
  });

  it('status and stop find a host whose client has a runtime folder that this terminal does not know', async () => {
    // As Codex: it passes no XDG_RUNTIME_DIR on to its servers.
    const {XDG_RUNTIME_DIR: _, ...env} = sandbox.env;
    const client = await connect({...sandbox, env}, {env: {OPENCODE_DELEGATE_HOST: 'on'}});
    cleanups.push(() => client.close());
    const [pid] = hostsIn(join(env.HOME ?? '', '.local', 'state', 'opencode-delegate'));
    expect((await run('status')).stdout).toContain(`process ${pid} · since `);
    expect((await run('stop', '--all')).stdout).toContain(`Process ${pid} has ended`);
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

  it.each([['unknown'], ['status', 'more'], ['--unknown']])('refuses %s', async (...args) => {
    expect(await run(...args)).toMatchObject({exitCode: 2, stderr: expect.stringContaining('Usage: ')});
  });
});
