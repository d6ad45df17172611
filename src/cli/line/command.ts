import {parseArgs} from 'node:util';
import {messageOf} from '../../base/errors.ts';
import type {WorkerSettings} from '../../pool/worker/settings.ts';
import type {Terminal} from '../terminal/terminal.ts';

/** What a command ends with. Scripts rely on these. */
export const EXIT = {
  /** What was asked about has completed, or the command has done what it is for. */
  ok: 0,
  /** What was asked about ended otherwise, or the command could not do it. */
  failed: 1,
  /** The command line is wrong, or what it asks for is refused. */
  refused: 2,
  /** It waits for an answer. */
  needsAnswer: 3,
  /** The time that it was given is over, as with timeout(1). */
  timedOut: 124,
} as const;

/** An option of a command, as `--help` shows it. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** What stands for its value: `DIR`. */
  readonly value?: string;
  readonly about: string;
  /** All values that it can have, for completion. */
  readonly choices?: readonly string[];
}

export interface Invocation {
  /** What stands on the command line without an option before it. */
  readonly args: readonly string[];
  /** What the option was given as; `undefined` where it was left out. */
  readonly text: (option: string) => string | undefined;
  readonly has: (option: string) => boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  /** The path of the program, to start a host with. */
  readonly main: string;
  readonly terminal: Terminal;
  /** Makes this process a worker, until it ends. */
  readonly runWorker?: RunWorker;
  /** All commands, for one that speaks of the others. */
  readonly commands: () => Promise<readonly NamedCommand[]>;
}

/** What makes a process a worker. @throws Refusal where it cannot be one. */
export type RunWorker = (options: {
  readonly settings: WorkerSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
}) => Promise<void>;

/** A command as it is called. */
export interface NamedCommand {
  readonly name: string;
  readonly summary: string;
  readonly command: Command;
}

/** One of the commands for people. */
export interface Command {
  /** What follows the command's name: `<id> [options]`. */
  readonly usage: string;
  /** What it does, in a paragraph for `--help`. */
  readonly about: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** How many arguments it takes. */
  readonly takes: {readonly least: number; readonly most: number};
  /** Resolves with the exit code. @throws UsageError, Refusal. */
  run(call: Invocation): Promise<number>;
}

/** The command line is wrong; the message says what, and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options that every command has. */
export const COMMON: Readonly<Record<string, OptionSpec>> = {
  help: {type: 'boolean', short: 'h', about: 'Show this help.'},
};

/** Reads a command line as the command wants it. @throws UsageError. */
export function parseCall(
  {options, takes}: Command,
  argv: readonly string[],
): Pick<Invocation, 'args' | 'text' | 'has'> {
  const {values, positionals} = parsed({...options, ...COMMON}, argv);
  if (values.help !== true && positionals.length > takes.most)
    throw new UsageError(`Too many arguments: ${positionals.slice(takes.most).join(' ')}`);
  if (values.help !== true && positionals.length < takes.least)
    throw new UsageError('An argument is missing.');
  return {
    args: positionals,
    text: (option) => {
      const value = values[option];
      return typeof value === 'string' ? value : undefined;
    },
    has: (option) => values[option] === true,
  };
}

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

function parsed(options: Readonly<Record<string, OptionSpec>>, argv: readonly string[]): Parsed {
  const known = Object.entries(options).map(([name, {type, short}]) => [
    name,
    short === undefined ? {type} : {type, short},
  ]);
  try {
    return parseArgs({args: [...argv], options: Object.fromEntries(known), allowPositionals: true});
  } catch (error) {
    throw new UsageError(messageOf(error), {cause: error});
  }
}
