import type {ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync} from 'node:fs';
import {platform} from 'node:process';
import {createOpencodeClient, type OpencodeClient} from '@opencode-ai/sdk/v2/client';
import getPort from 'get-port';
import {messageOf, Refusal} from '../delegation/errors.ts';
import type {Logger} from '../log.ts';
import {failureOf, NoAnswerError} from './answer.ts';
import {SERVER_USERNAME, serverEnvironment} from './environment.ts';
import {spawnSupervised} from './supervisor.ts';

/** Measured: 1.1 to 1.9 s on an idle machine. A loaded one, or a first start that migrates, takes longer. */
const START_TIMEOUT_MS = 45_000;
const START_ATTEMPTS = 4;
/**
 * What passes when it is tried again: someone took the free port before the server did, or two servers that
 * start for the first time in a home make the same tables in the same database.
 */
const TRANSIENT = /ServeError|EADDRINUSE|address already in use|Failed query|SQLITE_BUSY|database is locked/i;
/** What a failed start may quote of the server's own words. */
const KEPT_OUTPUT_CHARS = 4_000;

/** What shells add to the number of the signal that has ended a command. */
const SIGNALLED = 128;

/** The first version whose behaviour is known here, and the first major version whose is not. */
const OLDEST_VERSION = [1, 18] as const;
const NEXT_MAJOR = 2;

export interface ServerOptions {
  readonly binary: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where it runs. Projects are named with each request, so this should be a folder with no project in it. */
  readonly cwd: string;
  /** Whether it loads the guard, without which no session of it may be read-only. */
  readonly isGuarded: boolean;
  readonly log: Logger;
  /** True when somebody may answer what agents ask. */
  readonly isAnswered: boolean;
}

/** An `opencode serve` that we started and nobody else knows the password of. */
export class OpenCodeServer {
  readonly client: OpencodeClient;
  readonly version: string;
  /** Resolves when the process has ended, by us or by itself. Never rejects. */
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  #stopping: Promise<void> | undefined;

  private constructor(started: Started, client: OpencodeClient, version: string) {
    this.#process = started.process;
    this.exited = started.exited;
    this.client = client;
    this.version = version;
  }

  /**
   * Starts a server on a free loopback port with a random password; resolves when it answers.
   * @throws Refusal with OpenCode's own words when it cannot start or is not a version that we know.
   */
  static async start(options: ServerOptions): Promise<OpenCodeServer> {
    mkdirSync(options.cwd, {recursive: true, mode: 0o700});
    for (let attempt = 1; ; attempt++) {
      try {
        return await OpenCodeServer.#startOnce(options);
      } catch (error) {
        if (!(error instanceof NoAnswerError) || attempt === START_ATTEMPTS) throw error;
        options.log.warn(`OpenCode went away as soon as it had started: ${error.message}`);
      }
    }
  }

  static async #startOnce(options: ServerOptions): Promise<OpenCodeServer> {
    const password = randomBytes(24).toString('base64url');
    const started = await launch(options, password);
    const client = createOpencodeClient({
      baseUrl: started.url,
      headers: {
        authorization: `Basic ${Buffer.from(`${SERVER_USERNAME}:${password}`).toString('base64')}`,
        // On one machine, compressing costs both sides more than it saves.
        'accept-encoding': 'identity',
      },
    });
    try {
      const version = await checkVersion(client, options.binary);
      options.log.info(`OpenCode ${version} serves on ${started.url} (process ${started.process.pid})`);
      return new OpenCodeServer(started, client, version);
    } catch (error) {
      await terminate(started);
      throw error;
    }
  }

  get hasExited(): boolean {
    return hasExited(this.#process);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Ends the process. Resolves when it is gone. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= terminate({process: this.#process, exited: this.exited});
    return this.#stopping;
  }
}

interface Started {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  readonly url: string;
}

interface Failed {
  readonly why: string;
  /** True when a signal has ended it: nothing that it has read need be wrong. */
  readonly isKilled: boolean;
  readonly output: string;
}

/** The shell that stands for the server reports the end by signal n as the code 128 + n. */
function endOf(code: number | null, signal: string | null): Omit<Failed, 'output'> {
  if (code === null) return {why: `it was ended by ${signal}`, isKilled: true};
  if (code <= SIGNALLED) return {why: `it exited with code ${code}`, isKilled: false};
  return {why: `it was ended by signal ${code - SIGNALLED}`, isKilled: true};
}

async function launch(options: ServerOptions, password: string): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const port = await getPort({host: '127.0.0.1'});
    const outcome = await launchOn(port, options, password);
    if ('url' in outcome) return outcome;
    const isPassing = outcome.isKilled || TRANSIENT.test(outcome.output);
    if (isPassing && attempt < START_ATTEMPTS) continue;
    if (outcome.isKilled) {
      throw new Refusal(
        `OpenCode could not start: ${outcome.why}, ${START_ATTEMPTS} times in a row.${quote(outcome.output)} Something on this machine ends it. Find out what does, and try again.`,
      );
    }
    throw new Refusal(
      `OpenCode could not start: ${outcome.why}.${quote(outcome.output)} Run \`${options.binary} serve\` to see it for yourself, mend what it names, and try again.`,
    );
  }
}

async function launchOn(
  port: number,
  {binary, env, cwd, isGuarded, isAnswered, log}: ServerOptions,
  password: string,
): Promise<Started | Failed> {
  const child = spawnSupervised({
    command: binary,
    args: ['serve', '--hostname', '127.0.0.1', '--port', String(port)],
    cwd,
    env: serverEnvironment(env, {password, isGuarded, isAnswered}),
  });
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    const outcome = await new Promise<'listening' | Omit<Failed, 'output'>>((resolve) => {
      timer = setTimeout(
        () => resolve({why: `it did not answer within ${START_TIMEOUT_MS / 1000} s`, isKilled: false}),
        START_TIMEOUT_MS,
      );
      const read = (chunk: Buffer) => {
        output = `${output}${chunk}`.slice(-KEPT_OUTPUT_CHARS);
        if (output.includes('server listening on')) resolve('listening');
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('error', (error) => resolve({why: messageOf(error), isKilled: false}));
      child.once('close', (code, signal) => resolve(endOf(code, signal)));
    });
    if (outcome === 'listening') return {process: child, exited, url: `http://127.0.0.1:${port}`};
    await terminate({process: child, exited});
    return {...outcome, output};
  } finally {
    clearTimeout(timer);
    // A pipe that nobody empties would one day block the server.
    child.stdout?.removeAllListeners('data').resume();
    child.stderr?.removeAllListeners('data').on('data', (chunk) => log.debug(`OpenCode: ${chunk}`));
  }
}

async function checkVersion(client: OpencodeClient, binary: string): Promise<string> {
  const cure = `Update it with \`npm install -g opencode-ai@1\`, or name another binary in OPENCODE_DELEGATE_BIN.`;
  const wanted = `version ${OLDEST_VERSION.join('.')} or later, before ${NEXT_MAJOR},`;
  const {data, error} = await client.global.health();
  const failure = error === undefined ? undefined : failureOf(error);
  if (failure instanceof NoAnswerError) throw failure;
  if (data === undefined) {
    throw new Refusal(
      `The OpenCode at ${binary} is too old to say its version; ${wanted} is needed. ${cure}`,
    );
  }
  const [major = 0, minor = 0] = data.version.split('.').map(Number);
  const tooOld = major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]);
  if (tooOld || major >= NEXT_MAJOR) {
    throw new Refusal(`The OpenCode at ${binary} is version ${data.version}; ${wanted} is needed. ${cure}`);
  }
  return data.version;
}

async function terminate({process, exited}: Pick<Started, 'process' | 'exited'>): Promise<void> {
  if (hasExited(process) || process.pid === undefined) return;
  // The supervisor ends the server when its input ends. Windows has none, and kills at once.
  process.stdin?.end();
  if (platform === 'win32') process.kill();
  await exited;
}

function hasExited(process: ChildProcess): boolean {
  return process.exitCode !== null || process.signalCode !== null;
}

function quote(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are what is to be removed.
  const words = output.replace(/\u001b\[[0-9;]*m/g, '').trim();
  return words === '' ? '' : ` It said: ${words}`;
}
