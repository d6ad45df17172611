import {ConfigError, readConfig} from './config.ts';
import type {Claim} from './host/claim.ts';
import {farewell} from './host/farewell.ts';
import {watchIdle} from './host/idle.ts';
import {Listener} from './host/listener.ts';
import {LogFile} from './host/log-file.ts';
import {Host} from './host.ts';
import {endOnce} from './in-process.ts';
import {createLogger, type Logger} from './log.ts';

export interface HostProcessOptions {
  /** The right to be the host of this environment. */
  readonly claim: Claim;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
}

/** Serves all clients of this environment until nobody needs it any more. */
export async function runHost({claim, env, version}: HostProcessOptions): Promise<void> {
  const {endpoint, lock} = claim;
  // Whoever started us reads stderr only until it is connected.
  process.stderr.on('error', () => {});
  const file = new LogFile({path: endpoint.log});
  const write = (line: string) => file.write(`${process.pid} ${line}`);
  try {
    const config = readConfig(env);
    const log = createLogger({level: config.logLevel, write});
    const host = new Host({config, env, log, version});
    const listener = await Listener.open({
      endpoint,
      lock,
      version,
      log,
      serve: (client) => host.serve(client),
      delegations: () => host.active,
    });
    live({host, listener, log, idleMs: config.hostIdleMs});
    void host.recover();
    log.info(`host ${version} listens at ${endpoint.address}`);
  } catch (error) {
    lock.release();
    const message = error instanceof Error ? error.message : String(error);
    createLogger({level: 'error', write}).error(`the host could not start: ${message}`);
    const exitCode = error instanceof ConfigError ? 2 : 1;
    process.stderr.write(`${message}\n${farewell(exitCode)}`, () => process.exit(exitCode));
  }
}

interface Living {
  readonly host: Host;
  readonly listener: Listener;
  readonly log: Logger;
  readonly idleMs: number;
}

function live({host, listener, log, idleMs}: Living): void {
  const shutdown = endOnce({
    log,
    end: async () => {
      // Refuse first: who comes from now on starts a host that has its life before it.
      unwatch();
      listener.close();
      await host.close();
      listener.disconnect();
      log.info('the host has ended');
    },
  });
  const unwatch = watchIdle({
    afterMs: idleMs,
    isIdle: () => listener.connections === 0 && host.isIdle,
    onIdle: () => shutdown('nobody is connected and nothing runs'),
  });
}
