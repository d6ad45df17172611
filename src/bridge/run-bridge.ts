import {NoHomeError} from '../base/home.ts';
import {loadFailure} from '../base/load-failure.ts';
import {createLogger, LOG_LEVELS, type Logger} from '../base/log.ts';
import {type OwnPackage, replaced} from '../base/own-package.ts';
import {clientDirectory} from '../base/working-directory.ts';
import {connectToHost, NoHostError} from '../link/connect.ts';
import {DataFolderError, type Endpoint, prepareEndpoint} from '../link/endpoint.ts';
import {helloLine} from '../link/handshake.ts';
import type {Start} from '../link/start.ts';
import {Bridge} from './bridge.ts';

export interface RunBridgeOptions {
  readonly own: OwnPackage;
  /** The script that a host is started from. */
  readonly main: string;
}

/** Serves the client on stdin and stdout through a host. Resolves with the exit code. */
export async function runBridge({own, main}: RunBridgeOptions): Promise<number> {
  const {env} = process;
  const {version} = own;
  // A level that does not exist is for the host to refuse, with a reason.
  const level = LOG_LEVELS.find((name) => name === env.OPENCODE_DELEGATE_LOG?.trim()) ?? 'info';
  const log = createLogger({level, write: (line) => process.stderr.write(line)});
  const place = placeFinder({env, version, log});
  const bridge = new Bridge({
    input: process.stdin,
    output: process.stdout,
    connect: async () =>
      connectToHost({
        endpoint: place(),
        hello: helloLine({version, cwd: clientDirectory(env), env}),
        start: (why) => start({own, main, why}),
      }),
    log,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => bridge.end());
  return bridge.run();
}

/**
 * Starts a host of the version that this process is: any other would listen where nobody of this version looks.
 * @throws NoHostError where that is not there any more.
 */
async function start({own, main, why}: RunBridgeOptions & {readonly why: string}): Promise<Start> {
  const problem = replaced(own);
  if (problem !== undefined) throw new NoHostError(problem);
  // Mostly there is a host, and starting one takes modules that every client would pay for.
  const {startHost} = await import('../link/start.ts').catch((error: unknown) => {
    throw new NoHostError(loadFailure(error, own));
  });
  return startHost({main, env: process.env, why});
}

interface PlaceOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly log: Logger;
}

/** Finds the place of the host again whenever one is looked for, and warns once where it is not the usual one. */
function placeFinder({env, version, log}: PlaceOptions): () => Endpoint {
  let warned: string | undefined;
  return () => {
    const endpoint = placeOfHost({env, version});
    const {warning} = endpoint;
    if (warning !== undefined && warning !== warned) log.warn(warning);
    warned = warning ?? warned;
    return endpoint;
  };
}

/** @throws NoHostError where there is none. */
function placeOfHost(options: {readonly env: NodeJS.ProcessEnv; readonly version: string}): Endpoint {
  try {
    return prepareEndpoint(options);
  } catch (error) {
    const isSetting = error instanceof DataFolderError || error instanceof NoHomeError;
    throw isSetting ? new NoHostError(error.message, 2) : error;
  }
}
