import {writeSync} from 'node:fs';
import {dataDirOf} from '../base/data-dir.ts';
import {messageOf} from '../base/errors.ts';
import {createLogger, LOG_LEVELS, type Logger} from '../base/log.ts';
import {logFileOf} from '../base/log-file-path.ts';
import {NESTED_MARK} from '../base/nested.ts';
import {pause} from '../base/pause.ts';
import {LogFile} from '../host/log-file.ts';
import {EVENTS, HOOK_CLIENTS} from './clients/protocol.ts';
import {HookInput} from './input.ts';
import type {QuickLookOptions} from './quick-look.ts';
import {recognise, type Wanted} from './recognise.ts';
import {HookTelling, type HookTellingOptions} from './telling.ts';

/** A prompt waits for its hooks: after so long it goes without what this one would have said. */
const LIMIT_MS = 3_000;
/** After so long it looks no further, and says what it has found. */
const LATE_MS = 2_000;
/** A client writes the JSON at once. */
const INPUT_MS = 1_000;
/** A pipe that is full and makes nobody wait is tried again after this. */
const FULL_MS = 5;
/** File descriptors: Node's own streams take long to load. */
const [STDIN, STDOUT] = [0, 1];

/** What the process gives to the hook that it has loaded. */
export interface HookMeans extends Pick<QuickLookOptions, 'wholeReader'> {
  /** Called when the client has what there was to tell, with whether there was something. */
  readonly keep: (hasTold: boolean) => void;
}

/**
 * `opencode-delegate hook <event> [--client <name>]`: prints what a client is to be told at this moment, in its own
 * protocol, and nothing where there is nothing. Whatever goes wrong, the log has it and the exit code is 0: a hook that
 * fails could keep a person from writing to their model. Only a client that never gives its input sees it end by a signal.
 */
export async function runHook(argv: readonly string[], {keep, wholeReader}: HookMeans): Promise<never> {
  const {env} = process;
  let hasTold = false;
  const print = async (output: string) => {
    await printed(output);
    hasTold = true;
  };
  const input = new HookInput(STDIN);
  const limit = setTimeout(() => leave(input), LIMIT_MS);
  let log: Logger | undefined;
  try {
    // A delegated agent has nobody to tell.
    if ((env[NESTED_MARK] ?? '') === '') {
      log = hookLog(env);
      await tell(argv, {input, env, log, print, wholeReader});
    }
  } catch (error) {
    log?.warn(`hook ${argv.join(' ')}: ${messageOf(error)}`);
  }
  clearTimeout(limit);
  if (!input.isReading) keep(hasTold);
  return leave(input);
}

/** Ends the process without waiting for the thread that waits for input. */
function leave({isReading}: HookInput): never {
  if (isReading) process.kill(process.pid, 'SIGKILL');
  process.exit(0);
}

interface Means extends Pick<HookTellingOptions, 'print' | 'wholeReader'> {
  readonly input: HookInput;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
}

async function tell(argv: readonly string[], {input, env, log, ...means}: Means): Promise<void> {
  const wanted = wantedIn(argv);
  const given = await input.read(INPUT_MS);
  if (given === undefined) throw new Error('no JSON came on stdin');
  const recognised = recognise(given, wanted);
  if (recognised === undefined) return;
  const directory = recognised.call.directory ?? process.cwd();
  const root = dataDirOf(env);
  await new HookTelling({...means, recognised, root, directory, log, lateAt: LATE_MS}).run();
}

/** @throws where the command line names what there is not. */
function wantedIn(argv: readonly string[]): Wanted {
  const at = argv.findIndex((arg) => arg === '--client' || arg.startsWith('--client='));
  const [option = ''] = at === -1 ? [] : [argv[at]];
  const isApart = option === '--client';
  const name = isApart ? argv[at + 1] : option.slice('--client='.length);
  const client = HOOK_CLIENTS.find((one) => one === name);
  if (at !== -1 && client === undefined) throw new Error(`there is no client "${name}"`);
  const [given] = argv.filter((_, n) => n !== at && !(isApart && n === at + 1));
  const event = EVENTS.find((one) => one === given);
  if (given !== undefined && event === undefined) throw new Error(`there is no event "${given}"`);
  return {client, event};
}

function hookLog(env: NodeJS.ProcessEnv): Logger {
  const file = new LogFile({path: logFileOf(env)});
  const level = LOG_LEVELS.find((name) => name === env.OPENCODE_DELEGATE_LOG?.trim()) ?? 'info';
  return createLogger({level, write: (line) => file.write(line)});
}

/** Resolves when the client has it. */
async function printed(output: string): Promise<void> {
  let left = Buffer.from(output);
  while (left.length > 0) left = left.subarray(await written(left));
}

/** How many bytes of it a client has taken, which may not be able to take all of them at once. */
async function written(bytes: Buffer): Promise<number> {
  try {
    return writeSync(STDOUT, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    await pause(FULL_MS, {});
    return 0;
  }
}
