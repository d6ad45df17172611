import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {delimiter, dirname, join} from 'node:path';
import {execa} from 'execa';
import type {HookClient, HookEvent} from '../../src/hook/clients/protocol.ts';
import {BIN, type Sandbox} from './sandbox.ts';

/** Where the programs are: a folder of npm's that TEST_CLIENTS names, or anywhere on PATH. */
const FOLDERS = [
  ...(process.env.TEST_CLIENTS === undefined ? [] : [join(process.env.TEST_CLIENTS, 'node_modules', '.bin')]),
  ...(process.env.PATH ?? '').split(delimiter),
];

export interface Setting {
  readonly sandbox: Sandbox;
  /** Of the model. */
  readonly url: string;
  /** Where the client works. */
  readonly project: string;
}

/** What a person says to a client's model, in a session that goes on or a new one. */
export interface Saying {
  readonly text: string;
  readonly goesOn: boolean;
}

/** A client as its users have it: our server and our hook in its own configuration. */
export interface RealClient {
  readonly name: HookClient;
  readonly program: string;
  /** The event of its own for each of ours. */
  readonly events: Readonly<Record<string, HookEvent>>;
  configure(setting: Setting): void;
  readonly env: (url: string) => Record<string, string>;
  readonly args: (saying: Saying, setting: Setting) => readonly string[];
}

const CLAUDE_EVENTS = {
  SessionStart: 'session-start',
  UserPromptSubmit: 'prompt',
  Stop: 'stop',
  PreCompact: 'pre-compact',
} as const;

const server = ({env}: Sandbox) => ({command: process.execPath, args: [BIN], env});

/** Hooks in the form that all three read. */
function hooksOf({name, events}: Pick<RealClient, 'name' | 'events'>) {
  const command = (event: HookEvent) => `'${process.execPath}' '${BIN}' hook ${event} --client ${name}`;
  return Object.fromEntries(
    Object.entries(events).map(([own, event]) => [
      own,
      [{hooks: [{type: 'command', command: command(event)}]}],
    ]),
  );
}

const claudeCode: RealClient = {
  name: 'claude-code',
  program: 'claude',
  events: CLAUDE_EVENTS,
  configure({sandbox, project}) {
    const key = 'sk-ant-dummy';
    put(sandbox, '.claude.json', {
      hasCompletedOnboarding: true,
      customApiKeyResponses: {approved: [key]},
      projects: {[project]: {hasTrustDialogAccepted: true}},
      mcpServers: {'opencode-delegate': {type: 'stdio', ...server(sandbox)}},
    });
    put(sandbox, '.claude/settings.json', {
      hooks: hooksOf(claudeCode),
      permissions: {allow: ['mcp__opencode-delegate']},
    });
  },
  env: (url) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: 'sk-ant-dummy',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }),
  args: ({text, goesOn}) => ['-p', text, ...(goesOn ? ['--continue'] : [])],
};

const codex: RealClient = {
  name: 'codex',
  program: 'codex',
  events: CLAUDE_EVENTS,
  configure({sandbox, url, project}) {
    const {command, args, env} = server(sandbox);
    const toml = (value: unknown) => JSON.stringify(value);
    putText(
      sandbox,
      '.codex/config.toml',
      [
        'model = "m"',
        'model_provider = "scripted"',
        '[model_providers.scripted]',
        'name = "scripted"',
        `base_url = ${toml(`${url}/v1`)}`,
        'wire_api = "responses"',
        'env_key = "SCRIPTED_KEY"',
        `[projects.${toml(project)}]`,
        'trust_level = "trusted"',
        '[mcp_servers.opencode-delegate]',
        `command = ${toml(command)}`,
        `args = ${toml(args)}`,
        'startup_timeout_sec = 60',
        'default_tools_approval_mode = "approve"',
        '[mcp_servers.opencode-delegate.env]',
        ...Object.entries(env).map(([name, value]) => `${name} = ${toml(value)}`),
        '',
      ].join('\n'),
    );
    put(sandbox, '.codex/hooks.json', {hooks: hooksOf(codex)});
  },
  env: () => ({SCRIPTED_KEY: 'x'}),
  args: ({text, goesOn}) => [
    'exec',
    ...(goesOn ? ['resume', '--last'] : []),
    // A person trusts a hook once, in a dialog that `exec` does not have.
    ...['--skip-git-repo-check', '--dangerously-bypass-hook-trust'],
    text,
  ],
};

const gemini: RealClient = {
  name: 'gemini',
  program: 'gemini',
  events: {
    ...{SessionStart: 'session-start', BeforeAgent: 'prompt'},
    AfterAgent: 'stop',
  },
  configure({sandbox}) {
    put(sandbox, '.gemini/settings.json', {
      security: {auth: {selectedType: 'gemini-api-key'}},
      hooks: hooksOf(gemini),
      mcpServers: {'opencode-delegate': {...server(sandbox), trust: true}},
    });
  },
  env: (url) => ({
    ...{GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'x', GEMINI_CLI_TRUST_WORKSPACE: 'true'},
  }),
  args: ({text, goesOn}) => [
    ...['-m', 'gemini-2.5-pro', '-p', text],
    ...(goesOn ? ['--resume', 'latest'] : []),
  ],
};

export const REAL_CLIENTS: readonly RealClient[] = [claudeCode, codex, gemini];

/** Where the program is; `undefined` where it is not installed. */
export function installed({program}: RealClient): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** Says something in a client that a script would start, and resolves with what it printed when it has ended. */
export async function say(client: RealClient, setting: Setting, saying: Saying): Promise<string> {
  const {sandbox, url, project} = setting;
  const {stdout, stderr, exitCode} = await execa(
    installed(client) ?? client.program,
    [...client.args(saying, setting)],
    {
      ...{cwd: project, env: {...sandbox.env, ...client.env(url)}},
      ...{extendEnv: false, reject: false, stdin: 'ignore', timeout: 180_000},
    },
  );
  if (exitCode !== 0) throw new Error(`${client.program} ended with ${exitCode}: ${stdout}\n${stderr}`);
  return stdout;
}

function put(sandbox: Sandbox, path: string, content: unknown): void {
  putText(sandbox, path, JSON.stringify(content, undefined, 2));
}

function putText({env}: Sandbox, path: string, content: string): void {
  const file = join(env.HOME ?? '', path);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, content);
}
