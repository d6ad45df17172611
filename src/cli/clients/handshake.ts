import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {z} from 'zod';
import {messageOf} from '../../base/errors.ts';
import {NAME} from '../../base/name.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {Launch} from './launch.ts';

/** What became of a server that was started as a client starts it. */
export type Handshake =
  | {readonly is: 'ours'; readonly version: string; readonly tools: readonly string[]; readonly ms: number}
  | {readonly is: 'foreign'; readonly name: string}
  | {readonly is: 'missing'; readonly says: string}
  | {readonly is: 'ended'; readonly how: string; readonly said: string}
  | {readonly is: 'silent'; readonly said: string}
  | {readonly is: 'refused'; readonly says: string}
  | {readonly is: 'interrupted'};

/** Before it is ended by force, its input has ended this long, and then a signal was sent this long ago. */
const GRACE_MS = 2_000;
const MAX_SAID_CHARS = 2_000;
const PROTOCOL = '2025-06-18';

const answerShape = z.object({
  id: z.number(),
  result: z
    .object({
      serverInfo: z.object({name: z.string(), version: z.string().default('')}).optional(),
      tools: z.array(z.object({name: z.string()})).optional(),
    })
    .optional(),
  error: z.object({message: z.string()}).optional(),
});

type Answer = z.output<typeof answerShape>;

/**
 * Starts a server as a client does, asks it for its tools, and ends it with all that it has started. Ours is kept from
 * leaving a host, and from looking after the records: it is to be seen, and to do nothing.
 */
export async function shakeHands(launch: Launch, signal: AbortSignal): Promise<Handshake> {
  if (signal.aborted) return {is: 'interrupted'};
  // Node blames the program for a folder that is not there.
  if (!existsSync(launch.cwd))
    return {is: 'missing', says: `its folder ${inQuotes(launch.cwd)} is not there`};
  const folder = mkdtempSync(join(tmpdir(), `${NAME}-handshake-`));
  let server: Started | undefined;
  try {
    server = start({...launch, env: {...harmless(launch.env), OPENCODE_DELEGATE_DATA_DIR: folder}});
    return await untilAborted(signal, converse(server, launch.waitMs));
  } catch (error) {
    // Node starts nothing where a command is empty, or a word has a character that none can have.
    return {is: 'missing', says: messageOf(error)};
  } finally {
    if (server !== undefined) await end(server.child, signal.aborted ? 0 : GRACE_MS);
    rmSync(folder, {recursive: true, force: true, maxRetries: 3});
  }
}

/** A setting that cannot be used stays as it is: the server refuses it. */
function harmless(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOn = ['', 'on'].includes((env.OPENCODE_DELEGATE_HOST ?? '').trim());
  return isOn ? {...env, OPENCODE_DELEGATE_HOST: 'off'} : env;
}

interface Started {
  readonly child: ChildProcess;
  /** The answers, in the order in which they come; what is no message is left out. */
  readonly answers: AsyncIterator<Answer>;
  /** Resolves when it could not be started, or has ended. */
  readonly over: Promise<Handshake>;
  readonly said: () => string;
  send(message: object): void;
}

function start({command, args, cwd, env}: Launch): Started {
  const isWindows = process.platform === 'win32';
  const child = spawn(
    isWindows ? `"${command}"` : command,
    isWindows ? args.map((arg) => `"${arg}"`) : args,
    {
      ...{cwd, env, windowsHide: true, shell: isWindows},
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, so that what it starts is ended with it.
      detached: !isWindows,
    },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-MAX_SAID_CHARS);
  });
  child.stdin.on('error', () => {});
  const over = new Promise<Handshake>((resolve) => {
    child.once('error', (error) => resolve({is: 'missing', says: messageOf(error)}));
    child.once('close', (code, signal) =>
      resolve({is: 'ended', how: signal === null ? `exit code ${code}` : signal, said: said.trim()}),
    );
  });
  return {
    ...{child, over},
    answers: answersIn(child),
    said: () => said.trim(),
    send: (message) => void child.stdin.write(`${JSON.stringify({jsonrpc: '2.0', ...message})}\n`),
  };
}

async function* answersIn(child: ChildProcess): AsyncGenerator<Answer, undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface({input: child.stdout})) {
    const answer = answerShape.safeParse(jsonIn(line));
    if (answer.success) yield answer.data;
  }
  return undefined;
}

function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function converse(server: Started, waitMs: number): Promise<Handshake> {
  const talked = talk(server, performance.now()).then((found) => found ?? server.over);
  const found = await withTimeout(waitMs, Promise.race([talked, server.over]), undefined);
  return found ?? {is: 'silent', said: server.said()};
}

/** `undefined` where its output ends before it has answered. */
async function talk({send, answers}: Started, begun: number): Promise<Handshake | undefined> {
  const client = {protocolVersion: PROTOCOL, capabilities: {}, clientInfo: {name: 'handshake', version: '1'}};
  send({id: 1, method: 'initialize', params: client});
  const greeting = await answerTo(1, answers);
  if (greeting === undefined) return undefined;
  if (greeting.error !== undefined) return {is: 'refused', says: greeting.error.message};
  const {name, version} = greeting.result?.serverInfo ?? {name: 'a server without a name', version: ''};
  if (name !== NAME) return {is: 'foreign', name};
  send({method: 'notifications/initialized'});
  send({id: 2, method: 'tools/list'});
  const listed = await answerTo(2, answers);
  if (listed === undefined) return undefined;
  if (listed.error !== undefined) return {is: 'refused', says: listed.error.message};
  const tools = listed.result?.tools?.map((tool) => tool.name) ?? [];
  return {is: 'ours', version, tools, ms: performance.now() - begun};
}

async function answerTo(id: number, answers: AsyncIterator<Answer>): Promise<Answer | undefined> {
  for (;;) {
    const {value, done} = await answers.next();
    if (done === true) return undefined;
    if (value.id === id) return value;
  }
}

function untilAborted(signal: AbortSignal, found: Promise<Handshake>): Promise<Handshake> {
  const aborted = new Promise<Handshake>((resolve) => {
    const interrupted = () => resolve({is: 'interrupted'});
    if (signal.aborted) interrupted();
    signal.addEventListener('abort', interrupted, {once: true});
  });
  return Promise.race([found, aborted]);
}

/** As clients end their servers: its input first, then signals. Nothing of its group is left. A person who interrupts does not wait. */
async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined) return;
  const gone = hasEnded(child) ? Promise.resolve(true) : once(child, 'exit').then(() => true);
  child.stdin?.end();
  if (!(await withTimeout(graceMs, gone, false))) {
    signalGroup(child, 'SIGTERM');
    await withTimeout(graceMs, gone, false);
  }
  signalGroup(child, 'SIGKILL');
  await gone;
  // What has left the group may hold them open.
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function hasEnded({exitCode, signalCode}: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal);
  } catch {
    // Nothing of it is left.
  }
}
