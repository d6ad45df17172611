import {existsSync} from 'node:fs';
import {platform} from 'node:os';
import {join} from 'node:path';
import which from 'which';
import {homeOf} from '../../base/home.ts';
import {NAME} from '../../base/name.ts';
import {upwards} from '../../base/upwards.ts';
import {xdgFolder} from '../../base/xdg.ts';
import {configurationPlaces} from '../../opencode/settings/configuration-places.ts';
import type {ClientFile, KnownClient, Looker, ServerPlace} from './client.ts';
import {cursorHooks, geminiHooks, groupedHooks, vscodeHooks} from './hooks.ts';
import {rulesOf} from './start-rules.ts';

/** Codex and Gemini CLI have hooks of a folder or of all; both ask for them before they run. */
const CODEX_NOTE = 'Codex runs hooks once you have allowed them: /hooks in Codex.';

/** All clients, and where their files are. This is the one place that knows. @throws NoHomeError */
export function clientsFor(looker: Looker): readonly KnownClient[] {
  return placesFor(looker).map((client) => ({...client, looker, starts: rulesOf(client.name, looker)}));
}

function placesFor({env, cwd}: Looker): readonly Omit<KnownClient, 'looker' | 'starts'>[] {
  const home = homeOf(env);
  const here = upwards(cwd);
  const root = here.find((folder) => existsSync(join(folder, '.git'))) ?? cwd;
  const claude = env.CLAUDE_CONFIG_DIR?.trim() || join(home, '.claude');
  const claudeFile = join(env.CLAUDE_CONFIG_DIR?.trim() || home, '.claude.json');
  const codex = env.CODEX_HOME?.trim() || join(home, '.codex');
  const code = codeFolder(home, env);
  const zed = platform() === 'win32' ? join(env.APPDATA ?? home, 'Zed') : join(configOf(home, env), 'zed');
  const cline = join(code, 'User', 'globalStorage', 'saoudrizwan.claude-dev');
  const own = (path: string): ClientFile => ({path, isOwn: true});
  const inProject = (...path: readonly string[]) =>
    here.map((folder): ClientFile => ({path: join(folder, ...path), isOwn: folder === home}));
  const opencode = join(xdgFolder(env, 'XDG_CONFIG_HOME'), 'opencode');
  return [
    {
      ...{name: 'claude-code', title: 'Claude Code'},
      servers: {
        global: [servers(claudeFile, {type: 'stdio'})],
        project: [servers(join(root, '.mcp.json'), {type: 'stdio'})],
      },
      hook: {
        global: groupedHooks(join(claude, 'settings.json')),
        project: groupedHooks(join(root, '.claude', 'settings.json')),
      },
      files: [own(claudeFile), ...inProject('.mcp.json')],
      signs: {folders: [claudeFile, claude], program: 'claude'},
      add: `claude mcp add -s user ${NAME} -- ${NAME}`,
    },
    {
      ...{name: 'codex', title: 'Codex'},
      servers: {
        global: [{file: join(codex, 'config.toml'), kind: 'toml', key: 'mcp_servers'}],
        project: [{file: join(root, '.codex', 'config.toml'), kind: 'toml', key: 'mcp_servers'}],
      },
      hook: {
        global: groupedHooks(join(codex, 'hooks.json')),
        project: groupedHooks(join(root, '.codex', 'hooks.json')),
      },
      files: [own(join(codex, 'config.toml')), ...inProject('.codex', 'config.toml')],
      signs: {folders: [codex], program: 'codex'},
      add: `codex mcp add ${NAME} -- ${NAME}`,
      note: CODEX_NOTE,
    },
    {
      ...{name: 'gemini', title: 'Gemini CLI'},
      servers: {
        global: [servers(join(home, '.gemini', 'settings.json'))],
        project: [servers(join(root, '.gemini', 'settings.json'))],
      },
      hook: {
        global: geminiHooks(join(home, '.gemini', 'settings.json')),
        project: geminiHooks(join(root, '.gemini', 'settings.json')),
      },
      files: [own(join(home, '.gemini', 'settings.json')), ...inProject('.gemini', 'settings.json')],
      signs: {folders: [join(home, '.gemini')], program: 'gemini'},
      add: `gemini mcp add -s user ${NAME} ${NAME}`,
    },
    {
      ...{name: 'cursor', title: 'Cursor'},
      servers: {
        global: [servers(join(home, '.cursor', 'mcp.json'))],
        project: [servers(join(root, '.cursor', 'mcp.json'))],
      },
      hook: {
        global: cursorHooks(join(home, '.cursor', 'hooks.json')),
        project: cursorHooks(join(root, '.cursor', 'hooks.json')),
      },
      files: [own(join(home, '.cursor', 'mcp.json')), ...inProject('.cursor', 'mcp.json')],
      signs: {folders: [join(home, '.cursor')], program: 'cursor'},
    },
    {
      ...{name: 'vscode', title: 'VS Code'},
      servers: {
        global: [{...servers(join(code, 'User', 'mcp.json'), {type: 'stdio'}), key: 'servers'}],
        project: [{...servers(join(root, '.vscode', 'mcp.json'), {type: 'stdio'}), key: 'servers'}],
      },
      hook: {
        global: vscodeHooks(join(home, '.copilot', 'hooks', `${NAME}.json`)),
        project: vscodeHooks(join(root, '.github', 'hooks', `${NAME}.json`)),
      },
      files: [own(join(code, 'User', 'mcp.json')), ...inProject('.vscode', 'mcp.json')],
      signs: {folders: [join(code, 'User')], program: 'code'},
    },
    {
      ...{name: 'opencode', title: 'OpenCode'},
      servers: {
        global: plugins(opencode),
        project: plugins(join(root, '.opencode')),
      },
      // The plugin brings what hooks are for elsewhere.
      hook: {},
      files: openCodeFiles({env, cwd}),
      signs: {folders: [opencode], program: 'opencode'},
      add: `opencode plugin ${NAME} --global`,
    },
    {
      ...{name: 'zed', title: 'Zed'},
      servers: {global: [{...servers(join(zed, 'settings.json')), key: 'context_servers'}]},
      hook: {},
      files: [own(join(zed, 'settings.json')), ...inProject('.zed', 'settings.json')],
      signs: {folders: [zed], program: 'zed'},
    },
    {
      ...{name: 'cline', title: 'Cline'},
      servers: {global: [servers(join(cline, 'settings', 'cline_mcp_settings.json'))]},
      hook: {},
      files: [own(join(cline, 'settings', 'cline_mcp_settings.json'))],
      signs: {folders: [cline], program: 'cline'},
    },
  ];
}

/** Where OpenCode's settings are, for servers and plugins alike. */
export function openCodeFiles({env, cwd}: Looker): readonly ClientFile[] {
  const home = homeOf(env);
  const projects = upwards(cwd).filter((folder) => folder !== home);
  const isOfProject = (path: string) =>
    projects.some(
      (folder) =>
        path.startsWith(join(folder, 'opencode.json')) || path.startsWith(join(folder, '.opencode')),
    );
  return configurationPlaces(cwd, env)
    .files.filter((path) => !path.endsWith('auth.json'))
    .map((path) => ({path, isOwn: !isOfProject(path)}));
}

/** True where a client has left its folder, or its program can be started. */
export async function isThere({signs}: KnownClient, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (signs.folders.some((folder) => existsSync(folder))) return true;
  return (await which(signs.program, {nothrow: true, path: env.PATH ?? ''})) !== null;
}

function servers(file: string, extra: Readonly<Record<string, unknown>> = {}): ServerPlace {
  return {file, kind: 'servers', key: 'mcpServers', extra};
}

/** As `opencode plugin` does it: its server and its screen have a file each. */
function plugins(folder: string): readonly ServerPlace[] {
  return [
    {file: firstThere(folder, 'opencode'), kind: 'plugins', key: 'plugin'},
    {file: firstThere(folder, 'tui'), kind: 'screen-plugins', key: 'plugin'},
  ];
}

/** The one that OpenCode has there; the first of its names where it has none. */
function firstThere(folder: string, name: string): string {
  const files = [`${name}.json`, `${name}.jsonc`].map((file) => join(folder, file));
  return files.find((file) => existsSync(file)) ?? join(folder, `${name}.json`);
}

/** Zed and VS Code take no notice of XDG_CONFIG_HOME on macOS. */
function configOf(home: string, env: NodeJS.ProcessEnv): string {
  return platform() === 'darwin' ? join(home, '.config') : xdgFolder(env, 'XDG_CONFIG_HOME');
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
