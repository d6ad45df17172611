import {dataDirOf} from '../base/data-dir.ts';
import {messageOf} from '../base/errors.ts';
import {createLogger, LOG_LEVELS, type Logger} from '../base/log.ts';
import {logFileOf} from '../base/log-file-path.ts';
import {NESTED_MARK} from '../base/nested.ts';
import {LogFile} from '../host/log-file.ts';
import {EVENTS, HOOK_CLIENTS} from './clients/protocol.ts';
import {readInput} from './input.ts';
import {recognise, type Wanted} from './recognise.ts';
import {HookTelling} from './telling.ts';

/** A prompt waits for its hooks: after so long it goes without what this one would have said. */
const LIMIT_MS = 3_000;
/** After so long it looks no further, and says what it has found. */
const LATE_MS = 2_000;
/** A client writes the JSON at once. */
const INPUT_MS = 1_000;

/**
 * `opencode-delegate hook <event> [--client <name>]`: prints what a client is to be told at this moment, in its own
 * protocol, and nothing where there is nothing. Whatever goes wrong, the exit code is 0 and the log has it: a hook that
 * fails could keep a person from writing to their model.
 */
export async function runHook(argv: readonly string[]): Promise<never> {
  const {env} = process;
  const limit = setTimeout(() => process.exit(0), LIMIT_MS);
  let log: Logger | undefined;
  try {
    // A delegated agent has nobody to tell.
    if ((env[NESTED_MARK] ?? '') === '') {
      log = hookLog(env);
      await tell(argv, env, log);
    }
  } catch (error) {
    log?.warn(`hook ${argv.join(' ')}: ${messageOf(error)}`);
  }
  clearTimeout(limit);
  process.exit(0);
}

async function tell(argv: readonly string[], env: NodeJS.ProcessEnv, log: Logger): Promise<void> {
  const wanted = wantedIn(argv);
  const input = await readInput({stdin: process.stdin, patienceMs: INPUT_MS});
  if (input === undefined) throw new Error('no JSON came on stdin');
  const recognised = recognise(input, wanted);
  if (recognised === undefined) return;
  const directory = recognised.call.directory ?? process.cwd();
  const root = dataDirOf(env);
  await new HookTelling({recognised, root, directory, log, lateAt: LATE_MS, print}).run();
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
function print(output: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(output, (error) => (error ? reject(error) : resolve()));
  });
}
