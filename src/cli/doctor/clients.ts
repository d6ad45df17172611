import {existsSync, readFileSync} from 'node:fs';
import {homedir, platform} from 'node:os';
import {isAbsolute, join} from 'node:path';
import {type ParseError, parse} from 'jsonc-parser';
import which from 'which';
import {inQuotes} from '../../base/safe-text.ts';
import {upwards} from '../../base/upwards.ts';
import {xdgFolder} from '../../base/xdg.ts';
import {configurationPlaces} from '../../opencode/settings/configuration-places.ts';
import {type Finding, fine, warning} from './finding.ts';

const NAME = 'opencode-delegate';

interface ClientFiles {
  readonly client: string;
  /** Where its configuration can be. */
  readonly files: readonly string[];
  /** What adds us. */
  readonly add: string;
}

export interface ClientOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** Which clients that are installed here have us in their configuration. Their files are read, and nothing is started. */
export async function checkClients(options: ClientOptions): Promise<readonly Finding[]> {
  const findings = await Promise.all(clientsOf(options).map((client) => checkClient(client, options.env)));
  return findings.filter((finding) => finding !== undefined);
}

function clientsOf({env, cwd}: ClientOptions): readonly ClientFiles[] {
  const home = env.HOME?.trim() || homedir();
  const here = upwards(cwd);
  return [
    {
      client: 'OpenCode plugin',
      files: configurationPlaces(cwd, env).files.filter((file) => !file.endsWith('auth.json')),
      add: `opencode plugin ${NAME} --global`,
    },
    {
      client: 'Claude Code',
      files: [
        join(env.CLAUDE_CONFIG_DIR?.trim() || home, '.claude.json'),
        ...here.map((folder) => join(folder, '.mcp.json')),
      ],
      add: `claude mcp add -s user ${NAME} -- ${NAME}`,
    },
    {
      client: 'Codex',
      files: [join(env.CODEX_HOME?.trim() || join(home, '.codex'), 'config.toml')],
      add: `codex mcp add ${NAME} -- ${NAME}`,
    },
    {
      client: 'Gemini CLI',
      files: [home, ...here].map((folder) => join(folder, '.gemini', 'settings.json')),
      add: `gemini mcp add -s user ${NAME} ${NAME}`,
    },
    {
      client: 'Cursor',
      files: [home, ...here].map((folder) => join(folder, '.cursor', 'mcp.json')),
      add: 'docs/clients.md has the entry.',
    },
    {
      client: 'VS Code',
      files: [
        join(codeFolder(home, env), 'User', 'mcp.json'),
        ...here.map((folder) => join(folder, '.vscode', 'mcp.json')),
      ],
      add: 'docs/clients.md has the entry.',
    },
  ];
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

/** `undefined` where the client has no configuration here. */
async function checkClient(
  {client, files, add}: ClientFiles,
  env: NodeJS.ProcessEnv,
): Promise<Finding | undefined> {
  const there = [...new Set(files)].filter((file) => existsSync(file));
  if (there.length === 0) return undefined;
  for (const file of there) {
    const text = textOf(file);
    if (text === undefined)
      return warning(client, `${inQuotes(file)} cannot be read.`, 'Look at its mode and its owner.');
    if (!text.includes(NAME)) continue;
    const command = file.endsWith('.toml') ? commandInToml(text) : commandInJson(text);
    if (command === 'broken')
      return warning(client, `${inQuotes(file)} is no JSON that can be read.`, 'Fix it.');
    return checkCommand({client, file, command}, env);
  }
  return warning(client, `It is not in ${there.map(inQuotes).join(', ')}.`, `To add it: ${add}`);
}

async function checkCommand(
  {client, file, command}: {client: string; file: string; command: string | undefined},
  env: NodeJS.ProcessEnv,
): Promise<Finding> {
  const says = `It is in ${inQuotes(file)}`;
  if (command === undefined) return fine(client, `${says}.`);
  if (command === 'npx')
    return warning(
      client,
      `${says}, started with npx, which runs what a repository has under that name.`,
      `npm install -g ${NAME}, and ${NAME} as the command.`,
    );
  const isThere = isAbsolute(command)
    ? existsSync(command)
    : (await which(command, {nothrow: true, path: env.PATH ?? ''})) !== null;
  if (isThere) return fine(client, `${says}.`);
  return warning(
    client,
    `${says}, and its command ${inQuotes(command)} is not there.`,
    `npm install -g ${NAME}`,
  );
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The program that starts us; `undefined` where there is none, as for a plugin. */
function commandInJson(text: string): string | undefined {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, {allowTrailingComma: true});
  return errors.length > 0 ? 'broken' : commandIn(value);
}

/** In the first entry of servers that names us, however deep it is. */
function commandIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'object' || entry === null) continue;
    const isOurs = key === NAME || ('args' in entry && JSON.stringify(entry.args).includes(NAME));
    if (isOurs && 'command' in entry) {
      const {command} = entry;
      if (typeof command === 'string') return command;
      if (Array.isArray(command) && typeof command[0] === 'string') return command[0];
    }
    const below = commandIn(entry);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** Codex writes one table for each server. */
function commandInToml(text: string): string | undefined {
  const [, table = ''] = /^\[mcp_servers\."?opencode-delegate"?\]\s*$([^[]*)/m.exec(text) ?? [];
  return /^command\s*=\s*["']([^"']*)["']/m.exec(table)?.[1];
}
