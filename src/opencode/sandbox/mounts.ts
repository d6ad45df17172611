import {existsSync, readdirSync, realpathSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {contains} from '../../base/contains.ts';
import {homeOf} from '../../base/home.ts';
import {stateDirOf} from '../../base/state-dir.ts';
import {xdgFolder} from '../../base/xdg.ts';
import {socketFiles} from './sockets.ts';

/** Where people have what opens other machines and accounts, below their home. */
export const HIDDEN = [
  ...[
    '.ssh',
    '.gnupg',
    '.aws',
    '.azure',
    '.kube',
    '.docker',
    '.password-store',
    '.netrc',
    '.git-credentials',
  ],
  ...[
    '.config/gcloud',
    '.config/gh',
    '.config/git/credentials',
    '.local/share/keyrings',
    '.cargo/credentials.toml',
  ],
  ...['.mozilla', '.config/google-chrome', '.config/chromium', '.vault-token', '.pypirc', '.1password'],
  // Other programs with agents, and what they know of servers and accounts.
  ...[
    '.claude.json',
    '.claude/.credentials.json',
    '.codex/auth.json',
    '.gemini/oauth_creds.json',
    '.config/github-copilot',
  ],
  ...[
    '.config/glab-cli',
    '.config/hub',
    '.config/rclone',
    '.config/op',
    '.gem/credentials',
    '.m2/settings.xml',
    '.terraform.d/credentials.tfrc.json',
  ],
  ...['.config/BraveSoftware', '.config/microsoft-edge', '.thunderbird', '.bash_history', '.zsh_history'],
];
/** Sockets of other programs lie in these: anyone who reaches one has that program do what the sandbox does not let it. */
const SOCKETS = ['/tmp', '/run'];
/** Without these, names of hosts are not found on some systems. */
const RESOLVERS = ['/run/systemd/resolve', '/run/nscd'];

/** Where what is inside has its own. */
export interface Places {
  /** Ours, which nothing inside sees: the records, and the host's socket. */
  readonly dataDir: string;
  /** What agents may write. */
  readonly writable: readonly string[];
}

/**
 * What is seen inside, as arguments of bubblewrap: the machine as it is, to be read and not to be written, without what
 * opens other accounts and other programs. Later ones stand over earlier ones, and none may lead through a link.
 */
export function mountsOf({dataDir, writable}: Places, env: NodeJS.ProcessEnv): readonly string[] {
  const home = homeOf(env);
  const without = [...SOCKETS, env.XDG_RUNTIME_DIR ?? ''];
  // Also what people have logged in with, and their sessions; and the host's socket, while it cannot be with the records.
  const hidden = [
    ...HIDDEN.map((name) => join(home, name)),
    join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode'),
    stateDirOf(env),
  ];
  return [
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...without.flatMap(emptied),
    ...RESOLVERS.flatMap((path) => ['--ro-bind-try', path, path]),
    ...hidden.flatMap(emptied),
    ...configurationFolders(env, home).flatMap(writableOver),
    ...socketsBeside([...without, ...hidden, dataDir]).flatMap(emptied),
    ...emptied(dataDir),
    ...writable.map((path) => realpathSync(path)).flatMap((path) => ['--bind', path, path]),
  ];
}

/** The sockets of other programs in folders that are shown. */
function socketsBeside(folders: readonly string[]): readonly string[] {
  const real = folders.filter((folder) => existsSync(folder)).map((folder) => realpathSync(folder));
  return socketFiles().filter((path) => !real.some((folder) => contains(folder, path)));
}

/** A folder or file that is there, with nothing in it. What is a link is what it leads to. */
export function emptied(path: string): readonly string[] {
  if (path === '' || !existsSync(path)) return [];
  const real = realpathSync(path);
  return statSync(real).isDirectory() ? ['--tmpfs', real] : ['--ro-bind', '/dev/null', real];
}

/** The folders of a person's configuration that are there. */
function configurationFolders(env: NodeJS.ProcessEnv, home: string): readonly string[] {
  const named = env.OPENCODE_CONFIG_DIR?.trim();
  const folders = [join(xdgFolder(env, 'XDG_CONFIG_HOME'), 'opencode'), join(home, '.opencode')];
  return [...folders, ...(named ? [named] : [])].filter((folder) => existsSync(folder));
}

/** OpenCode puts files of its own beside the configuration, and fails where it cannot: nobody else sees those. */
function writableOver(folder: string): readonly string[] {
  const real = realpathSync(folder);
  const inside = readdirSync(real).map((name) => join(real, name));
  return ['--tmpfs', real, ...inside.flatMap((path) => ['--ro-bind', path, path])];
}
