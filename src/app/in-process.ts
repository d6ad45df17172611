import {duplexPair} from 'node:stream';
import {createLogger, type Logger} from '../base/log.ts';
import {clientDirectory} from '../base/working-directory.ts';
import {Bridge} from '../bridge/bridge.ts';
import {ConfigError, readConfig} from '../config.ts';
import {STAMP_SECRET} from '../contract/stamp-secret.ts';
import {Service} from './service.ts';

/** If a clean end takes longer than this, something hangs that must not keep the process alive. */
const SHUTDOWN_BACKSTOP_MS = 15_000;

/** Serves the client on stdin and stdout from this very process; what runs ends with it. */
export function serveInProcess({version}: {version: string}): void {
  const config = settingsOrExit(process.env);
  const log = createLogger({level: config.host.logLevel, write: (line) => process.stderr.write(line)});
  const env = {...process.env};
  // What this process starts is given the rest of its environment.
  delete process.env[STAMP_SECRET];
  const host = new Service({config, env, log, version});
  // The same bridge as to a host in another process: it answers what is no message, and what is owed at the end.
  const [near, far] = duplexPair();
  const connection = host.serve({cwd: clientDirectory(env), env, config, input: far, output: far});
  const bridge = new Bridge({input: process.stdin, output: process.stdout, log, connect: async () => near});
  const end = async (): Promise<void> => {
    bridge.end();
    await connection.close();
    await host.close();
  };
  const shutdown = endOnce({log, end});
  void bridge.run().then(() => shutdown('the client closed the connection'));
}

/** The settings. What cannot be used is said on stderr and ends the process with code 2. */
function settingsOrExit(env: NodeJS.ProcessEnv): ReturnType<typeof readConfig> {
  try {
    return readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`opencode-delegate: ${error.message}\n`);
    process.exit(2);
  }
}

export interface EndOptions {
  readonly log: Logger;
  /** Resolves when nothing is left that has to be kept. */
  readonly end: (reason: string) => Promise<void>;
  /** If a clean end takes longer than this, the process ends all the same. */
  readonly backstopMs?: number;
}

/**
 * Ends the process in order, once, when the returned function, a signal or a fault asks for it; at the latest
 * after the backstop's time.
 */
export function endOnce({
  log,
  end,
  backstopMs = SHUTDOWN_BACKSTOP_MS,
}: EndOptions): (reason: string, exitCode?: number) => void {
  let isStopping = false;
  const shutdown = (reason: string, exitCode = 0): void => {
    if (isStopping) return;
    isStopping = true;
    log.debug(`stopping: ${reason}`);
    setTimeout(() => process.exit(1), backstopMs).unref();
    end(reason).then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.error(`could not end in order: ${error instanceof Error ? error.stack : String(error)}`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => shutdown(signal));
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error(`a fault: ${error instanceof Error ? error.stack : String(error)}`);
      shutdown(event, 1);
    });
  }
  return shutdown;
}
