import type {ChildProcess} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {constants} from 'node:os';
import {platform} from 'node:process';
import {createInterface} from 'node:readline';
import {stripVTControlCharacters} from 'node:util';
import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import getPort from 'get-port';
import {messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {LISTENING} from '../keeper/handed.ts';
import type {SandboxSettings} from '../sandbox/sandbox.ts';
import type {Conceal} from '../secrets/concealed.ts';
import {failureOf, NoAnswerError} from '../wire/answer.ts';
import {GET_OPENCODE} from './binary.ts';
import {clientOf, type ServerClient} from './client.ts';
import {newPassword, type ServerPassword, withHanded} from './password.ts';
import {type ServeOptions, serveCommand} from './serve-command.ts';
import {spawnSupervised} from './supervisor.ts';
import {isDriven, WANTED_VERSION} from './versions.ts';

/** Measured: 1.1 to 1.9 s on an idle machine. A loaded one, or a first start that migrates, takes longer. */
const START_TIMEOUT_MS = 45_000;
const START_ATTEMPTS = 4;
/**
 * What passes when it is tried again: someone took the free port before the server did, two servers that start for
 * the first time in a home make the same tables in the same database, or what a sandbox was to hide has just gone.
 */
export const TRANSIENT =
  /ServeError|EADDRINUSE|address already in use|Failed query|SQLITE_BUSY|database is locked|bwrap: Can't/i;
/** What a failed start may quote of the server's own words. */
const KEPT_OUTPUT_CHARS = 4_000;

/** What shells add to the number of the signal that has ended a command. */
const SIGNALLED = 128;

export interface ServerOptions extends Omit<ServeOptions, 'port' | 'password' | 'sandbox'> {
  /** Where it runs. Projects are named with each request, so this should be a folder with no project in it. */
  readonly cwd: string;
  readonly log: Logger;
  /** Takes out of what it says what nobody is to see. */
  readonly conceal: Conceal;
  /** Absent where it runs as the person's own does. */
  readonly sandbox?: SandboxSettings;
}

/** An `opencode serve` that we started and nobody else knows the password of. */
export class OpenCodeServer {
  readonly client: OpencodeClient;
  readonly version: string;
  /** Whether what we have run in its process holds there. */
  readonly isKept: boolean;
  /** In milliseconds since the epoch. */
  readonly startedAt: number;
  /** Resolves when the process has ended, by us or by itself. Never rejects. */
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  #stopping: Promise<void> | undefined;

  private constructor(started: Started, {client, isKept}: ServerClient, version: string) {
    this.startedAt = started.at;
    this.#process = started.process;
    this.exited = started.exited;
    this.client = client;
    this.isKept = isKept;
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
    const password = newPassword();
    const started = await launch(options, password);
    try {
      const known = await clientOf(started.url, password, options);
      const version = await checkVersion(known.client, options.binary);
      options.log.info(`OpenCode ${version} serves on ${started.url} (process ${started.process.pid})`);
      return new OpenCodeServer(started, known, version);
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
  /** In milliseconds since the epoch. */
  readonly at: number;
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

/** The shell that stands for the server reports the end by signal n as the code 128 + n; other codes are its own. */
function endOf(code: number | null, signal: string | null): Omit<Failed, 'output'> {
  if (code === null) return {why: `it was ended by ${signal}`, isKilled: true};
  const [name] = Object.entries(constants.signals).find(([, n]) => n === code - SIGNALLED) ?? [];
  if (name === undefined) return {why: `it exited with code ${code}`, isKilled: false};
  return {why: `it was ended by ${name}`, isKilled: true};
}

async function launch(options: ServerOptions, password: ServerPassword): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const port = await getPort({host: '127.0.0.1'});
    const outcome = await launchOn(port, options, password);
    if ('url' in outcome) return outcome;
    const isPassing = outcome.isKilled || TRANSIENT.test(outcome.output);
    if (isPassing && attempt < START_ATTEMPTS) continue;
    if (outcome.isKilled) {
      throw new Refusal(
        `OpenCode could not start: ${outcome.why}, ${START_ATTEMPTS} times in a row.${quote(outcome.output)} Find out what ends it, and try again.`,
      );
    }
    const cure =
      options.sandbox === undefined
        ? `Run \`${options.binary} serve\` to see it for yourself, fix what it names, and try again.`
        : 'It was started in a sandbox, as OPENCODE_DELEGATE_SANDBOX says: fix what it names, or unset the variable, and try again.';
    throw new Refusal(`OpenCode could not start: ${outcome.why}.${quote(outcome.output)} ${cure}`);
  }
}

async function launchOn(
  port: number,
  {cwd, log, conceal, sandbox, ...serve}: ServerOptions,
  password: ServerPassword,
): Promise<Started | Failed> {
  const at = Date.now();
  const {logins, ...command} = await serveCommand({...serve, sandbox, port, password});
  const child = withHanded({password, ownFolder: cwd}, (handed) =>
    spawnSupervised({...command, cwd, handed}),
  );
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const letGo = logins?.keep((error) => log.warn(`Logins in the sandbox: ${messageOf(error)}`));
  void exited.then(letGo);
  try {
    const outcome = await new Promise<'listening' | Omit<Failed, 'output'>>((resolve) => {
      timer = setTimeout(
        () => resolve({why: `it did not answer within ${START_TIMEOUT_MS / 1000} s`, isKilled: false}),
        START_TIMEOUT_MS,
      );
      const read = (chunk: Buffer) => {
        // Before it is cut, for a part of a key would not be recognised.
        output = conceal(`${output}${chunk}`).slice(-KEPT_OUTPUT_CHARS);
        if (output.includes(LISTENING)) resolve('listening');
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('error', (error) => resolve({why: messageOf(error), isKilled: false}));
      child.once('close', (code, signal) => resolve(endOf(code, signal)));
    });
    if (outcome === 'listening') return {at, process: child, exited, url: `http://127.0.0.1:${port}`};
    await terminate({process: child, exited});
    return {...outcome, output};
  } finally {
    clearTimeout(timer);
    // A pipe that nobody empties would one day block the server.
    child.stdout?.removeAllListeners('data').resume();
    const errors = child.stderr?.removeAllListeners('data');
    if (errors) createInterface(errors).on('line', (line) => log.debug(`OpenCode: ${conceal(line)}`));
  }
}

async function checkVersion(client: OpencodeClient, binary: string): Promise<string> {
  const cure = `${GET_OPENCODE} gets one that is used in its place, unless OPENCODE_DELEGATE_BIN names one. Or update it with \`npm install -g opencode-ai@1\`.`;
  // The SDK throws where the answer is a page.
  const {data, error} = await client.global
    .health()
    .catch((thrown: unknown) => ({data: undefined, error: thrown}));
  const failure = error === undefined ? undefined : failureOf(error);
  if (failure instanceof NoAnswerError) throw failure;
  // Earlier versions have a page for whatever they do not know.
  if (typeof data?.version !== 'string') {
    const said = failure === undefined ? '' : ` (${failure.message})`;
    throw new Refusal(
      `The OpenCode at ${binary} does not say its version${said}; ${WANTED_VERSION} is needed. ${cure}`,
    );
  }
  if (!isDriven(data.version))
    throw new Refusal(
      `The OpenCode at ${binary} is version ${data.version}; ${WANTED_VERSION} is needed. ${cure}`,
    );
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
  const words = stripVTControlCharacters(output).trim();
  return words === '' ? '' : ` It said: ${words}`;
}
