import {existsSync, readFileSync, realpathSync, statSync} from 'node:fs';
import {basename, delimiter, dirname, isAbsolute, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import which from 'which';
import {NAME} from '../../base/name.ts';
import {upwards} from '../../base/upwards.ts';

/** Files that a package of ours, or a checkout, has. */
const OUR_FILE = new RegExp(`[/\\\\]${NAME}[/\\\\](?:dist[/\\\\])?(?:main|plugin|tui)\\.c?js$`);
/** Our name, with a version or within a path. */
const MENTION = new RegExp(`(?:^|[/\\\\])${NAME}(?:@|$|[/\\\\])`);
/** A package from a repository: `github:ada/opencode-delegate`. */
const REPOSITORY = new RegExp(`^[\\w+]+:.*/${NAME}(?:\\.git)?(?:[@#].*)?$`);
/** Version managers whose shims are links to themselves: they start the command of the link's name. */
const MANAGER = /^(?:mise|volta|volta-shim)$/;
/** The line of a shell script that starts us, by our name or by the path of our program: shims of asdf, pnpm and npm. */
const STARTS_US = new RegExp(
  `^(?!#|rem ).*(?:exec\\s+["']?${NAME}["']?(?:\\s|$)|[/\\\\]${NAME}[/\\\\]dist[/\\\\]main\\.c?js)`,
  'im',
);
const SHELL_SCRIPT = /^(?:#!.*\b(?:ba|da|z)?sh\b|@)/;
/** Longer than any shim. */
const SHIM_BYTES = 8_192;
/** Where our program lies in our package. */
const PROGRAM = join('dist', 'main.cjs');
/** What starts a package by its name. */
const RUNNERS = ['npx', 'bunx', 'pnpx'];
const SPEC = new RegExp(`^${NAME}(@.*)?$`);

/** A command with its arguments. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

/** Who is asked about: what a client starts under our name, or what starts us. */
export type Whose =
  /** It starts us. */
  | 'ours'
  /** It would start us, and the program is not there. */
  | 'gone'
  /** Another program. */
  | 'foreign';

/**
 * What an entry of a client starts. Other programs are called as we are, and so are their servers: only what is started
 * says whose an entry is.
 */
export function whoseIs({command, args}: CommandLine, env: NodeJS.ProcessEnv): Whose {
  const program = nameOf(command);
  if (RUNNERS.includes(program)) return args.some((arg) => SPEC.test(arg)) ? 'ours' : 'foreign';
  if (program === 'node' || program === 'bun') {
    const file = args.find((arg) => !arg.startsWith('-'));
    return file === undefined || !isAbsolute(file) ? 'foreign' : whoseFile(file);
  }
  const found = isAbsolute(command) ? command : which.sync(command, {nothrow: true, path: env.PATH ?? ''});
  if (found !== null && existsSync(found)) return whoseFile(found);
  return program === NAME ? 'gone' : 'foreign';
}

/** The same of what OpenCode's list of plugins names. */
export function whosePlugin(spec: string, file: string): Whose {
  const path = pluginFile(spec, file);
  if (path !== undefined) return whoseFile(path);
  return SPEC.test(spec) || REPOSITORY.test(spec) ? 'ours' : 'foreign';
}

/** The path of a plugin that a configuration names; `undefined` for a package. */
export function pluginFile(spec: string, file: string): string | undefined {
  if (spec.startsWith('file://')) return new URL(spec).host === '' ? fileURLToPath(spec) : spec;
  return /^(?:\.{0,2}|[A-Za-z]:)[/\\]/.test(spec) ? resolve(dirname(file), spec) : undefined;
}

/** True where our name, or a path with it, is a word of a command: a wrapper may start us by it. */
export function namesUs({command, args}: CommandLine): boolean {
  return [command, ...args].some((word) => MENTION.test(word));
}

/** What an entry says of how it is started; `undefined` where it starts nothing. */
export function commandLineOf(entry: unknown): CommandLine | undefined {
  if (typeof entry !== 'object' || entry === null || !('command' in entry)) return undefined;
  const given = 'args' in entry && Array.isArray(entry.args) ? entry.args : [];
  const all: readonly unknown[] = Array.isArray(entry.command) ? entry.command : [entry.command, ...given];
  const [command, ...args] = all.filter((part) => typeof part === 'string');
  return command === undefined ? undefined : {command, args};
}

/** PATH without the folders that npm and npx put there for as long as they run. */
export function lastingPath(env: NodeJS.ProcessEnv): string {
  const isPassing = (folder: string) => folder.endsWith(join('node_modules', '.bin'));
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !isPassing(folder))
    .join(delimiter);
}

function whoseFile(file: string): Whose {
  if (!existsSync(file)) return OUR_FILE.test(file) ? 'gone' : 'foreign';
  return packageOf(realpathSync(file)) === NAME || isShim(file) ? 'ours' : 'foreign';
}

/** True for what a version manager or a package manager puts on PATH in our name, and which finds the package itself. */
function isShim(file: string): boolean {
  if (nameOf(file) !== NAME) return false;
  if (MANAGER.test(nameOf(realpathSync(file)))) return true;
  if (statSync(file).size > SHIM_BYTES) return false;
  const text = readFileSync(file, 'utf8');
  return SHELL_SCRIPT.test(text) && STARTS_US.test(text);
}

/** The name of the package that a file belongs to, if that has our program. */
function packageOf(file: string): string | undefined {
  const folder = upwards(dirname(file)).find((one) => existsSync(join(one, 'package.json')));
  if (folder === undefined || !existsSync(join(folder, PROGRAM))) return undefined;
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const hasName = typeof manifest === 'object' && manifest !== null && 'name' in manifest;
    return hasName && typeof manifest.name === 'string' ? manifest.name : undefined;
  } catch {
    // Whose it is cannot be told.
    return undefined;
  }
}

function nameOf(command: string): string {
  return basename(command.replaceAll('\\', '/')).replace(/\.(?:exe|cmd|ps1)$/, '');
}
