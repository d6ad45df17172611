import {spawn} from 'node:child_process';
import {statSync} from 'node:fs';
import {text} from 'node:stream/consumers';
import {workingDirectory} from '../../../base/working-directory.ts';
import type {ControlHello} from '../../sources/control-client.ts';

export interface OwnCommandOptions {
  readonly hello: ControlHello;
  /** The path of the program. */
  readonly main: string;
  /** Where it runs, where that is a folder: an id is looked for there first. */
  readonly directory: string;
}

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  /** Its last words of what went wrong. */
  readonly problem: string;
}

/** Runs one of our own commands and collects what it prints. */
export async function ownCommand(
  args: readonly string[],
  {hello, main, directory}: OwnCommandOptions,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folderOr(directory),
    // Colours are for the view to give.
    env: {...hello.env, NO_COLOR: '1', FORCE_COLOR: undefined},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = ended(child);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return {code: await code, out, problem: lastLine(err)};
}

/** Runs one that has the terminal for itself, until it ends. */
export async function ownCommandAtTerminal(
  args: readonly string[],
  {hello, main, directory}: OwnCommandOptions,
): Promise<Omit<CommandResult, 'out'>> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folderOr(directory),
    env: hello.env,
    stdio: ['inherit', 'inherit', 'pipe'],
  });
  // What the person types there is not for us.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const code = ended(child);
    const err = await text(child.stderr);
    return {code: await code, problem: lastLine(err)};
  } finally {
    process.off('SIGINT', ignore);
  }
}

function ended(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function folderOr(directory: string): string {
  const isFolder = statSync(directory, {throwIfNoEntry: false})?.isDirectory() === true;
  return isFolder ? directory : workingDirectory();
}

/** A usage error has its usage below it: the first line says what is wrong. */
function lastLine(err: string): string {
  return err.trim().split('\n')[0] ?? '';
}
