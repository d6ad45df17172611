import {homedir, platform} from 'node:os';
import {join} from 'node:path';
import {upwards} from '../../../base/upwards.ts';
import {xdgFolder} from '../../../base/xdg.ts';
import {configurationPlaces} from '../../../opencode/settings/configuration-places.ts';

/** What we are called in the configuration of clients, on npm, and on PATH. */
export const OUR_NAME = 'opencode-delegate';

const EXAMPLE = 'docs/clients.md has the entry.';
/** How long a client waits for a server to start, where its entry does not say: Codex 10 s, OpenCode 5 s. */
const CODEX_WAIT_MS = 10_000;
const OPENCODE_WAIT_MS = 5_000;
const WAIT_MS = 30_000;
/** All that Codex passes on of its environment. */
const CODEX_PASSES = [
  ...['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', '__CF_USER_TEXT_ENCODING'],
  ...['LANG', 'LC_ALL', 'TERM', 'TMPDIR', 'TZ'],
];

export interface ClientOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** A file that a client may be configured in. */
export interface ClientFile {
  readonly path: string;
  /** False where a repository may have brought it, which then chooses what is started. */
  readonly isOwn: boolean;
}

/** A client that we know, and how it starts a server. */
export interface KnownClient {
  readonly name: string;
  readonly files: readonly ClientFile[];
  /** What adds us. */
  readonly add: string;
  /** The keys that lead to its servers by name. */
  readonly servers: readonly (readonly string[])[];
  /** Which variables it writes out in an entry: `${NAME}` and `{env:NAME}`, and `$NAME` as well. */
  readonly expands: 'none' | 'braces' | 'all';
  /** The names of the variables that it passes on. Absent: all. */
  readonly passes?: readonly string[];
  readonly waitMs: number;
}

/** The clients whose configuration is looked at. */
export function knownClients({env, cwd}: ClientOptions): readonly KnownClient[] {
  const home = env.HOME?.trim() || homedir();
  const here = upwards(cwd);
  const own = (path: string): ClientFile => ({path, isOwn: true});
  const inProject = (...path: readonly string[]) =>
    here.map((folder): ClientFile => ({path: join(folder, ...path), isOwn: folder === home}));
  return [
    {
      name: 'OpenCode',
      files: openCodeFiles({env, cwd}),
      add: `opencode plugin ${OUR_NAME} --global`,
      servers: [['mcp']],
      expands: 'braces',
      waitMs: OPENCODE_WAIT_MS,
    },
    {
      name: 'Claude Code',
      files: [own(join(env.CLAUDE_CONFIG_DIR?.trim() || home, '.claude.json')), ...inProject('.mcp.json')],
      add: `claude mcp add -s user ${OUR_NAME} -- ${OUR_NAME}`,
      servers: [...here.map((folder) => ['projects', folder, 'mcpServers']), ['mcpServers']],
      expands: 'braces',
      waitMs: numberIn(env.MCP_TIMEOUT) ?? WAIT_MS,
    },
    {
      name: 'Codex',
      files: [
        own(join(env.CODEX_HOME?.trim() || join(home, '.codex'), 'config.toml')),
        ...inProject('.codex', 'config.toml'),
      ],
      add: `codex mcp add ${OUR_NAME} -- ${OUR_NAME}`,
      servers: [['mcp_servers']],
      expands: 'none',
      passes: CODEX_PASSES,
      waitMs: CODEX_WAIT_MS,
    },
    {
      name: 'Gemini CLI',
      files: [own(join(home, '.gemini', 'settings.json')), ...inProject('.gemini', 'settings.json')],
      add: `gemini mcp add -s user ${OUR_NAME} ${OUR_NAME}`,
      servers: [['mcpServers']],
      expands: 'all',
      waitMs: WAIT_MS,
    },
    {
      name: 'Cursor',
      files: [own(join(home, '.cursor', 'mcp.json')), ...inProject('.cursor', 'mcp.json')],
      add: EXAMPLE,
      servers: [['mcpServers']],
      expands: 'braces',
      waitMs: WAIT_MS,
    },
    {
      name: 'VS Code',
      files: [own(join(codeFolder(home, env), 'User', 'mcp.json')), ...inProject('.vscode', 'mcp.json')],
      add: EXAMPLE,
      servers: [['servers']],
      expands: 'braces',
      waitMs: WAIT_MS,
    },
    {
      name: 'Zed',
      files: [own(join(zedFolder(home, env), 'settings.json')), ...inProject('.zed', 'settings.json')],
      add: EXAMPLE,
      servers: [['context_servers']],
      expands: 'none',
      waitMs: WAIT_MS,
    },
  ];
}

/** Where OpenCode's settings are, for servers and plugins alike. */
export function openCodeFiles({env, cwd}: ClientOptions): readonly ClientFile[] {
  const ofProjects = upwards(cwd).filter((folder) => folder !== (env.HOME?.trim() || homedir()));
  return configurationPlaces(cwd, env)
    .files.filter((path) => !path.endsWith('auth.json'))
    .map((path) => ({
      path,
      isOwn: !ofProjects.some(
        (folder) =>
          path.startsWith(join(folder, 'opencode.json')) || path.startsWith(join(folder, '.opencode')),
      ),
    }));
}

function codeFolder(home: string, env: NodeJS.ProcessEnv): string {
  switch (platform()) {
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'Code');
    case 'win32':
      return join(env.APPDATA ?? home, 'Code');
    default:
      return join(xdgFolder(env, 'XDG_CONFIG_HOME'), 'Code');
  }
}

function zedFolder(home: string, env: NodeJS.ProcessEnv): string {
  return platform() === 'darwin'
    ? join(home, '.config', 'zed')
    : join(xdgFolder(env, 'XDG_CONFIG_HOME'), 'zed');
}

function numberIn(text = ''): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}
