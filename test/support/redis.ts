import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import getPort from 'get-port';

/** The Redis or Valkey of this machine; npm brings none. */
export const REDIS = ['valkey-server', 'redis-server'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** A Redis of its own, on loopback. */
export interface TestRedis {
  readonly port: number;
  /** Ends the server as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again, with what it had. */
  up(): Promise<void>;
  /** Ends it, and removes all that it has. */
  stop(): Promise<void>;
}

/** Starts one that writes down each command. */
export async function startRedis(options: readonly string[] = []): Promise<TestRedis> {
  const root = mkdtempSync(join(tmpdir(), 'opencode-delegate-redis-'));
  const port = await getPort({host: '127.0.0.1'});
  let child: ChildProcess | undefined;
  const up = async () => {
    const given = ['--port', String(port), '--bind', '127.0.0.1', '--dir', root, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
    child = spawn(REDIS ?? 'redis-server', [...given, ...durable, ...options], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const {stdout} = child;
    await new Promise<void>((resolve, reject) => {
      stdout?.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('Ready to accept connections')) resolve();
      });
      child?.once('error', reject);
      child?.once('exit', () => reject(new Error('Redis ended.')));
    });
  };
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  await up();
  return {
    port,
    up,
    kill,
    stop: async () => {
      await kill();
      rmSync(root, {recursive: true, force: true});
    },
  };
}
