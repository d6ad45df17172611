import {loadFailure} from '../load-failure.ts';
import {createLogger, LOG_LEVELS} from '../log.ts';
import {Bridge} from './bridge.ts';
import {connectToHost, NoHostError} from './connect.ts';
import {DataFolderError, type Endpoint, prepareEndpoint} from './endpoint.ts';
import {helloLine} from './handshake.ts';

export interface RunBridgeOptions {
  readonly version: string;
  /** The script that a host is started from. */
  readonly main: string;
}

/** Serves the client on stdin and stdout through a host. Resolves with the exit code. */
export async function runBridge({version, main}: RunBridgeOptions): Promise<number> {
  const {env} = process;
  // A level that does not exist is for the host to refuse, with a reason.
  const level = LOG_LEVELS.find((name) => name === env.OPENCODE_DELEGATE_LOG?.trim()) ?? 'info';
  const write = (line: string) => process.stderr.write(line);
  const bridge = new Bridge({
    input: process.stdin,
    output: process.stdout,
    connect: async () =>
      connectToHost({
        endpoint: endpointOf({env, version}),
        hello: helloLine({version, cwd: process.cwd(), env}),
        // Mostly there is a host, and starting one takes modules that every client would pay for.
        start: async () => {
          const {startHost} = await import('./start.ts').catch((error: unknown) => {
            throw new NoHostError(loadFailure(error), 1);
          });
          return startHost({main, env});
        },
      }),
    log: createLogger({level, write}),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => bridge.end());
  return bridge.run();
}

/** @throws NoHostError where there is no place for one. */
function endpointOf(options: {readonly env: NodeJS.ProcessEnv; readonly version: string}): Endpoint {
  try {
    return prepareEndpoint(options);
  } catch (error) {
    if (error instanceof DataFolderError) throw new NoHostError(error.message, 2);
    throw error;
  }
}
