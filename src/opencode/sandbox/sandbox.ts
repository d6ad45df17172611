import {chmodSync, existsSync, mkdirSync, realpathSync, writeFileSync} from 'node:fs';
import {basename, isAbsolute, join} from 'node:path';
import process, {platform} from 'node:process';
import which from 'which';
import {Refusal} from '../../base/errors.ts';
import {xdgFolder} from '../../base/xdg.ts';
import {LOGINS, SandboxLogins, SERVER_LOGINS} from './logins.ts';
import {emptied, mountsOf} from './mounts.ts';

/** In the data folder. What begins with a dot is no project. */
const FOLDER = '.sandbox';
const FALLBACK_SHELL = '/bin/sh';
/** The owner of the first process, who could undo what a sandbox does, were it not somebody else inside. */
const isRoot = process.getuid?.() === 0;
/** Who root is inside: every system knows a user of this number, who owns nothing. */
const NOBODY = '65534';
/** What ends with the process that has started it, sees no process but its own, and can make nothing of its mounts undone. */
const APART = [
  ...['--die-with-parent', '--new-session', '--unshare-pid', '--unshare-ipc', '--cap-drop', 'ALL'],
  ...(isRoot ? ['--unshare-user', '--uid', NOBODY, '--gid', NOBODY] : []),
];
/**
 * What commands have of their own: no network, and no way to OpenCode's process, through which its files could be
 * reached. The system does not let root's sandbox have the latter.
 */
const ALONE = ['--die-with-parent', '--unshare-net', '--dev-bind', '/', '/'];
const WITHOUT_OTHERS = isRoot ? [] : ['--unshare-pid', '--proc', '/proc'];

export interface SandboxSettings {
  readonly dataDir: string;
  /** The folder in which OpenCode inside has a folder of its own. Default: the data folder. */
  readonly keptIn?: string;
  readonly worktrees: string;
  /** Whether the commands of agents reach a network; models, MCP servers and plugins do in any case. */
  readonly network: boolean;
}

/** How something is started inside. */
export interface Inside {
  /** Goes before the command. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What runs the commands of agents, where that is not their own shell. */
  readonly shell?: string;
  /** To be kept as long as it runs. */
  readonly logins: SandboxLogins;
}

/**
 * Makes what a sandbox takes: OpenCode, with all that it starts, runs in bubblewrap.
 * @throws Refusal where that cannot be.
 */
export async function prepareSandbox(settings: SandboxSettings, env: NodeJS.ProcessEnv): Promise<Inside> {
  const bwrap = await which('bwrap', {nothrow: true, path: env.PATH ?? ''});
  if (platform !== 'linux' || bwrap === null) {
    throw new Refusal(
      'OPENCODE_DELEGATE_SANDBOX is set, and there is no `bwrap` on PATH, so nothing was started. Install bubblewrap (`sudo apt-get install bubblewrap`; there is one for Linux only), or unset the variable.',
    );
  }
  const {dataDir, keptIn = dataDir, worktrees, network} = settings;
  const inside = sandboxedEnvironment(keptIn, env);
  // OpenCode's own folders themselves are what is mounted, so that nothing inside can put a link in their place.
  const own = [inside.XDG_DATA_HOME, inside.XDG_STATE_HOME, inside.XDG_CACHE_HOME].map((folder) =>
    join(folder, 'opencode'),
  );
  const writable = [worktrees, ...own];
  const configuration = join(xdgFolder(env, 'XDG_CONFIG_HOME'), 'opencode');
  for (const folder of [...writable, configuration]) mkdirSync(folder, {recursive: true, mode: 0o700});
  const logins = new SandboxLogins(
    join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode', LOGINS),
    join(realpathSync(join(inside.XDG_DATA_HOME, 'opencode')), LOGINS),
  );
  logins.provide();
  const shell = network ? undefined : makeShell(bwrap, {keptIn, hidden: own, env});
  return {
    command: [
      ...[bwrap, ...APART, ...mountsOf({dataDir, writable}, env), ...serverLoginsIn(inside, env)],
      ...(shell === undefined ? [] : ['--ro-bind', shell, shell]),
      '--',
    ],
    env: inside,
    logins,
    ...(shell !== undefined && {shell}),
  };
}

/** The environment of what runs inside: OpenCode keeps its sessions apart from those of the person. */
export function sandboxedEnvironment(keptIn: string, env: NodeJS.ProcessEnv) {
  const folder = join(keptIn, FOLDER);
  return {
    ...env,
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    TMPDIR: '/tmp',
    OPENCODE_DB: undefined,
  };
}

/** What the person has logged in to MCP servers with, which OpenCode renews: nothing in it is run. */
function serverLoginsIn({XDG_DATA_HOME}: {XDG_DATA_HOME: string}, env: NodeJS.ProcessEnv): readonly string[] {
  const theirs = join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode', SERVER_LOGINS);
  if (!existsSync(theirs)) return [];
  const path = join(realpathSync(join(XDG_DATA_HOME, 'opencode')), SERVER_LOGINS);
  makeFile(path);
  return ['--bind', theirs, path];
}

/** Makes what a mount is to stand over. What an agent may have put there, a link for example, is not followed. */
function makeFile(path: string): void {
  try {
    writeFileSync(path, '', {flag: 'wx', mode: 0o600});
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

interface ShellOptions {
  readonly keptIn: string;
  /** What OpenCode sees and commands do not. */
  readonly hidden: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * A shell without a network, which sees neither logins nor sessions: a second sandbox in the first. It is called as
 * the person's is, for OpenCode goes by that name. Nothing inside can write where it lies.
 */
function makeShell(bwrap: string, {keptIn, hidden, env}: ShellOptions): string {
  const {SHELL = ''} = env;
  const inner = isAbsolute(SHELL) && existsSync(SHELL) ? SHELL : FALLBACK_SHELL;
  const folder = join(keptIn, FOLDER, 'shell');
  mkdirSync(folder, {recursive: true, mode: 0o700});
  const path = join(realpathSync(folder), basename(inner));
  const words = [bwrap, ...ALONE, ...hidden.flatMap(emptied), ...WITHOUT_OTHERS, '--', inner];
  writeFileSync(path, `#!/bin/sh\nexec ${words.map(quoted).join(' ')} "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
