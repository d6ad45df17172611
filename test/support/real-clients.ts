import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {delimiter, dirname, join} from 'node:path';
import type {HookClient} from '../../src/hook/clients/protocol.ts';
import {startRegistry} from './registry.ts';
import {NPM_BIN, type Sandbox} from './sandbox.ts';

/** Where the programs are: a folder of npm's that TEST_CLIENTS names, or anywhere on PATH. OpenCode is a dependency. */
const FOLDERS = [
  ...(process.env.TEST_CLIENTS === undefined ? [] : [join(process.env.TEST_CLIENTS, 'node_modules', '.bin')]),
  NPM_BIN,
  ...(process.env.PATH ?? '').split(delimiter),
];

export interface Setting {
  readonly sandbox: Sandbox;
  /** Of the client's model. */
  readonly url: string;
  /** Where the client works. */
  readonly project: string;
}

/** What a person says to a client's model, in a session that goes on or a new one. */
export interface Saying {
  readonly text: string;
  readonly goesOn: boolean;
}

/** Ends something that was started. */
export type Closer = () => Promise<void>;

/** A client as a person has it before `install`: with a model, and without us. */
export interface RealClient {
  readonly name: HookClient;
  readonly program: string;
  /** Writes what it takes to reach the model. Resolves with what has to be closed at the end. */
  prepare(setting: Setting): Promise<Closer | undefined>;
  readonly env: (url: string) => Record<string, string>;
  /** What starts it for one prompt, as a script does. */
  readonly args: (saying: Saying) => readonly string[];
}

const claudeCode: RealClient = {
  name: 'claude-code',
  program: 'claude',
  async prepare({sandbox, project}) {
    const onceAsked = {
      hasCompletedOnboarding: true,
      customApiKeyResponses: {approved: ['sk-ant-dummy']},
      projects: {[project]: {hasTrustDialogAccepted: true}},
    };
    put(sandbox, '.claude.json', JSON.stringify(onceAsked, undefined, 2));
    return undefined;
  },
  env: (url) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: 'sk-ant-dummy',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }),
  args: ({text, goesOn}) => [
    ...['-p', text, ...(goesOn ? ['--continue'] : [])],
    ...['--allowedTools', 'mcp__opencode-delegate'],
  ],
};

const codex: RealClient = {
  name: 'codex',
  program: 'codex',
  async prepare({sandbox, url, project}) {
    const lines = [
      '# How I like it',
      'model = "m" # the scripted one',
      "model_provider = 'scripted'",
      '[model_providers.scripted]',
      'name = "scripted"',
      `base_url = "${url}/v1"`,
      'wire_api = "responses"',
      'env_key = "SCRIPTED_KEY"',
      `[projects."${project}"]`,
      'trust_level = "trusted"',
    ];
    put(sandbox, '.codex/config.toml', `${lines.join('\n')}\n`);
    return undefined;
  },
  env: () => ({SCRIPTED_KEY: 'x'}),
  args: ({text, goesOn}) => [
    'exec',
    ...(goesOn ? ['resume', '--last'] : []),
    // A person trusts a hook once, in a dialog that `exec` does not have.
    ...['--skip-git-repo-check', '--dangerously-bypass-hook-trust'],
    ...['-c', 'mcp_servers.opencode-delegate.default_tools_approval_mode="approve"'],
    text,
  ],
};

const gemini: RealClient = {
  name: 'gemini',
  program: 'gemini',
  async prepare({sandbox}) {
    put(
      sandbox,
      '.gemini/settings.json',
      '{\n\t// How I like it\n\t"security": {"auth": {"selectedType": "gemini-api-key"}} // mine\n}\n',
    );
    return undefined;
  },
  env: (url) => ({
    ...{GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'x', GEMINI_CLI_TRUST_WORKSPACE: 'true'},
  }),
  args: ({text, goesOn}) => [
    // Without it, `-p` offers no tool that it would have to ask about.
    ...['--yolo', '-m', 'gemini-2.5-pro', '-p', text],
    ...(goesOn ? ['--resume', 'latest'] : []),
  ],
};

/** Its model is in the configuration that each sandbox has. It gets the plugin from a registry. */
const opencode: RealClient = {
  name: 'opencode',
  program: 'opencode',
  async prepare({sandbox}) {
    const registry = await startRegistry(sandbox.root);
    put(sandbox, '.npmrc', `registry=${registry.url}\nfetch-retries=0\naudit=false\n`);
    return () => registry.close();
  },
  env: () => ({}),
  args: ({text, goesOn}) => ['run', ...(goesOn ? ['--continue'] : []), text],
};

export const REAL_CLIENTS: readonly RealClient[] = [claudeCode, codex, gemini, opencode];

/** Where the program is; `undefined` where it is not installed. */
export function installed({program}: RealClient): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function put({env}: Sandbox, path: string, content: string): void {
  const file = join(env.HOME ?? '', path);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, content);
}
