import {writeSync} from 'node:fs';
import {messageOf, Refusal} from '../base/errors.ts';
import {NoHomeError} from '../base/home.ts';
import {oneLine} from '../base/safe-text.ts';
import {workingDirectory} from '../base/working-directory.ts';
import {COMMANDS, SHOWN_COMMANDS} from './commands.ts';
import {helpOf, overview} from './help.ts';
import {
  type Command,
  EXIT,
  type NamedCommand,
  parseCall,
  type RunWorker,
  UsageError,
} from './line/command.ts';
import {nearest} from './line/nearest.ts';
import {Terminal} from './terminal/terminal.ts';

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** The path of the program, to start a host with. */
  readonly main: string;
  /** Makes this process a worker of a pool. */
  readonly runWorker?: RunWorker;
}

/** Runs a command line and resolves with the exit code; without a command, it is the live view. Never rejects. */
export async function runCommand(argv: readonly string[], options: RunOptions): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endUnread);
  const terminal = new Terminal({env: options.env, out: process.stdout, err: process.stderr});
  try {
    return await dispatch(argv, {...options, terminal});
  } catch (error) {
    terminal.complain(messageOf(error));
    if (error instanceof UsageError) terminal.complain(await usageOf(argv[0]));
    return isRefusal(error) ? EXIT.refused : EXIT.failed;
  }
}

/** Nothing was done, and the words say what would have to be different. */
function isRefusal(error: unknown): boolean {
  return error instanceof UsageError || error instanceof Refusal || error instanceof NoHomeError;
}

/** What reads what we print may have had enough, as `head` has: then there is nobody to print for. Or a disk is full. */
function endUnread(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  try {
    writeSync(process.stderr.fd, `What was printed could not be written: ${error.message}\n`);
  } catch {
    // Nothing can be said either.
  }
  process.exit(EXIT.failed);
}

async function dispatch(
  [name = '', ...rest]: readonly string[],
  context: RunOptions & {readonly terminal: Terminal},
): Promise<number> {
  const {terminal} = context;
  if (name === '') return (await import('./view/view.ts')).openView(context);
  if (name === 'help') {
    const [about] = rest;
    terminal.print(about === undefined ? overview() : helpOf(about, await commandCalled(about)));
    return EXIT.ok;
  }
  const command = await commandCalled(name);
  const call = parseCall(command, rest);
  if (call.has('help')) {
    terminal.print(helpOf(name, command));
    return EXIT.ok;
  }
  return command.run({...call, ...context, cwd: workingDirectory(), commands: allCommands});
}

function allCommands(): Promise<readonly NamedCommand[]> {
  return Promise.all(
    Object.entries(SHOWN_COMMANDS).map(async ([name, {summary, load}]) => ({
      ...{name, summary},
      command: await load(),
    })),
  );
}

async function commandCalled(name: string): Promise<Command> {
  const listed = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (listed !== undefined) return listed.load();
  const near = nearest(name, Object.keys(SHOWN_COMMANDS));
  const guess = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new UsageError(
    `Unknown command: ${oneLine(name)}.${guess} opencode-delegate --help lists all commands.`,
  );
}

async function usageOf(name = ''): Promise<string> {
  const listed = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (listed === undefined) return 'Usage: opencode-delegate <command> [options]';
  const {usage} = await listed.load();
  return `Usage: opencode-delegate ${name} ${usage}\nopencode-delegate help ${name} says more.`;
}
