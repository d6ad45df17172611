import {createLogger, type Logger} from '../base/log.ts';
import {ConfigError, readConfig} from '../config.ts';
import {CONTROL_VERSION} from '../control/protocol.ts';
import {watchIdle} from '../host/idle.ts';
import {type Admission, Listener} from '../host/listener.ts';
import {LogFile} from '../host/log-file.ts';
import type {HostClaim} from '../link/claim.ts';
import {farewell} from '../link/farewell.ts';
import type {Hello} from '../link/handshake.ts';
import {register, unregister} from '../link/registry.ts';
import {endOnce} from './in-process.ts';
import {Service} from './service.ts';

/** How often it is looked whether lock and socket are still there. */
const HEAL_MS = 1_000;

export interface HostProcessOptions {
  /** The right to be the host of this data folder. */
  readonly claim: HostClaim;
  /** That of the client which came first. */
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Why it was started. */
  readonly why: string;
}

/** Serves all clients of this data folder until nobody needs it any more. */
export async function runHost({claim, env, version, why}: HostProcessOptions): Promise<void> {
  const {endpoint, lock} = claim;
  // The process that started us reads stderr only until it is connected.
  process.stderr.on('error', () => {});
  const file = new LogFile({path: endpoint.log});
  const write = (line: string) => file.write(`${process.pid} ${line}`);
  try {
    const config = readConfig(env);
    const log = createLogger({level: config.host.logLevel, write});
    const host = new Service({config, env, log, version});
    const listener = await Listener.open({
      endpoint,
      lock,
      version,
      log,
      admit: (hello) => admit(host, hello),
      admitControl: (hello, control) => admitControl(host, hello, {control, version}),
      status: () => ({
        delegations: host.active,
        elsewhere: host.elsewhere,
        dataDir: config.dataDir,
        environments: host.environments,
      }),
    });
    register(endpoint, env);
    const ended = () => unregister(endpoint, env);
    live({host, listener, log, idleMs: config.host.hostIdleMs, ended});
    void host.recover();
    if (endpoint.warning !== undefined) log.warn(endpoint.warning);
    log.info(`host ${version} listens at ${endpoint.address}: ${why}`);
  } catch (error) {
    lock.release();
    const message = error instanceof Error ? error.message : String(error);
    createLogger({level: 'error', write}).error(`the host could not start: ${message}`);
    const exitCode = error instanceof ConfigError ? 2 : 1;
    process.stderr.write(`${message}\n${farewell(exitCode)}`, () => process.exit(exitCode));
  }
}

/** A client whose settings cannot be used is told so, and nobody else notices. */
function admit(host: Service, {cwd, env}: Hello): Admission {
  try {
    const config = readConfig(env);
    return {serve: (streams) => host.serve({cwd, env, config, ...streams})};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {refusal: {message: error.message, exitCode: 2}};
  }
}

/** A tool of a version that is not understood is told so. */
function admitControl(
  host: Service,
  {cwd, env, version: theirs}: Hello,
  {control, version}: {control: number; version: string},
): Admission {
  if (control === CONTROL_VERSION) return {serve: (streams) => host.control({cwd, env, ...streams})};
  const message = `This command is of opencode-delegate ${theirs}, and what runs in the background is of ${version}: they do not understand each other. Use the command of that version, or end it with opencode-delegate stop --all.`;
  return {refusal: {message, exitCode: 2}};
}

interface Living {
  readonly host: Service;
  readonly listener: Listener;
  readonly log: Logger;
  readonly idleMs: number;
  /** Called when nobody is welcomed any more. */
  readonly ended: () => void;
}

function live({host, listener, log, idleMs, ended}: Living): void {
  const healing = setInterval(() => {
    listener.heal().catch((error: unknown) => {
      log.warn(`the socket could not be made again: ${error instanceof Error ? error.message : error}`);
    });
  }, HEAL_MS);
  const shutdown = endOnce({
    log,
    end: async (reason) => {
      log.info(`the host ends: ${reason}`);
      // Refuse first: who comes from now on starts a host that has its life before it.
      unwatch();
      clearInterval(healing);
      ended();
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
