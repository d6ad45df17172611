import {spawnSync} from 'node:child_process';
import {chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {eventually, signalEach} from '../support/processes.ts';
import {BIN, HOST_MODE, hostsIn, type Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';

/** A user whom this system has no account for, as those that containers are started with. */
const NOBODY_KNOWN = 12_345;
/** Runs a command as that user; only root may. */
const AS_THAT_USER = ['--reuid', `${NOBODY_KNOWN}`, '--regid', `${NOBODY_KNOWN}`, '--clear-groups'];

const isRoot = process.getuid?.() === 0;
const canBeAnother = spawnSync('setpriv', [...AS_THAT_USER, process.execPath, BIN, '--version']).status === 0;

/** Gives all of it to that user. */
function handOver({root}: Sandbox): void {
  for (const name of ['', ...readdirSync(root, {recursive: true, encoding: 'utf8'})])
    chownSync(join(root, name), NOBODY_KNOWN, NOBODY_KNOWN);
}

describe.skipIf(!canBeAnother)('a user without an account', () => {
  it('delegates as everybody does, where HOME names a folder', async () => {
    const {sandbox, open} = await setScene();
    handOver(sandbox);
    const client = await open({command: 'setpriv', args: [...AS_THAT_USER, process.execPath, BIN]});
    const id = await client.delegate('Work for nobody known');
    expect((await client.read(id)).blocks[1]).toBe('done');
  });

  it.each([[[]], [['host']], [['status']], [['stop']], [['trust', '--list']]])(
    'is told to set HOME where that is missing, by the bin with %j',
    async (args) => {
      const {sandbox} = await setScene();
      const {HOME: _, ...env} = sandbox.env;
      const ended = spawnSync('setpriv', [...AS_THAT_USER, process.execPath, BIN, ...args], {
        ...{env, cwd: '/', encoding: 'utf8'},
        input: '{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
      });
      expect(ended.stdout + ended.stderr).toMatch(
        /HOME is not set, and this system has no account for the user \(12345\).*Set HOME to a folder/,
      );
      expect(ended.stderr).not.toContain('    at ');
      expect(ended.status).toBe(args[0] === 'host' ? 1 : 2);
    },
  );
});

describe('a working directory that has been removed', () => {
  it('keeps nothing from working that names another one', async () => {
    const {sandbox, open} = await setScene();
    const gone = join(sandbox.root, 'gone');
    const client = await open({
      command: '/bin/sh',
      args: ['-c', 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$1" "$2"', gone, process.execPath, BIN],
    });
    expect((await client.call('delegation_list')).text).toBe('No delegations in this project yet.');
    expect(await client.call('delegate', {prompt: 'p'})).toMatchObject({
      isError: true,
      text: expect.stringContaining(`The directory "${gone}" cannot be used: it does not exist.`),
    });
    const id = await client.delegate('Elsewhere', {directory: sandbox.project});
    await client.read(id);

    // As a checkout of another branch does it.
    mkdirSync(gone);
    expect((await client.read(await client.delegate('Here again'))).blocks[1]).toBe('done');
  });
});

describe('a TMPDIR that is not there', () => {
  it('keeps OpenCode from nothing', async () => {
    const {sandbox, open} = await setScene();
    const client = await open({env: {TMPDIR: join(sandbox.root, 'not', 'there')}});
    expect((await client.read(await client.delegate('Work'))).blocks[1]).toBe('done');
    expect(readdirSync(sandbox.dataDir).filter((name) => name.startsWith('.handed'))).toEqual([]);
  });
});

describe.runIf(HOST_MODE === 'on')('a folder for the socket that cannot be used', () => {
  const spoiled: [string, (folder: string) => void][] = [
    ['is a file', (folder) => writeFileSync(folder, '')],
    ['others can enter', (folder) => asMode(folder, 0o755)],
    ...(isRoot ? [['is another user’s', asAnother] satisfies [string, (folder: string) => void]] : []),
  ];

  function asMode(folder: string, mode: number): void {
    mkdirSync(folder);
    chmodSync(folder, mode);
  }

  function asAnother(folder: string): void {
    asMode(folder, 0o700);
    chownSync(folder, NOBODY_KNOWN, NOBODY_KNOWN);
  }

  it.each(spoiled)('as it %s, has another in its place, and the client is warned once', async (_, spoil) => {
    const {sandbox, open} = await setScene();
    mkdirSync(dirname(sandbox.runtimeDir), {recursive: true});
    spoil(sandbox.runtimeDir);
    const client = await open();
    const id = await client.delegate('Work all the same');
    expect((await client.read(id)).blocks[1]).toBe('done');

    const spare = join(sandbox.env.HOME ?? '', '.local', 'state', 'opencode-delegate', 'run');
    const warning = `is in ${spare} instead of ${sandbox.runtimeDir}: `;
    expect(sandbox.hostLog().split(warning)).toHaveLength(2);
    expect(client.stderr().split(warning)).toHaveLength(2);
    // The bridge looks for a place again, and does not say it again.
    signalEach(hostsIn(spare), 'SIGKILL');
    await eventually(async () => (await client.call('delegation_list').catch(() => undefined)) !== undefined);
    expect(sandbox.hostLog().split(warning)).toHaveLength(3);
    expect(client.stderr().split(warning)).toHaveLength(2);

    const {stdout} = spawnSync(process.execPath, [BIN, 'status'], {env: sandbox.env, encoding: 'utf8'});
    expect(stdout).toContain(`process ${hostsIn(spare)[0]} · `);
    expect(existsSync(join(spare, 'hosts'))).toBe(false);
  });
});
