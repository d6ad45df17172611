import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {differingNames} from '../src/environment/differing.ts';
import {digestOf} from '../src/environment/digest.ts';
import {withoutNoise} from '../src/environment/noise.ts';
import {sessionPlace} from '../src/environment/session-place.ts';

const ENV = {HOME: '/home/me', PATH: '/usr/bin:/bin', ANTHROPIC_API_KEY: 'sk-1', LANG: 'de_DE.UTF-8'};

describe('what an agent sees of its client’s environment', () => {
  it.each([
    ...[
      'KUBECONFIG',
      'PGDATABASE',
      'RAILS_ENV',
      'VIRTUAL_ENV',
      'ANYTHING_OF_A_CONFIGURATION',
      'LANG',
      'DISPLAY',
    ],
    ...[
      'CLAUDE_CODE_OAUTH_TOKEN',
      'CLAUDE_CODE_USE_BEDROCK',
      'GEMINI_API_KEY',
      'CODEX_HOME',
      'CURSOR_API_KEY',
    ],
    ...[
      'SSH_AUTH_SOCK',
      'XDG_RUNTIME_DIR',
      'DBUS_SESSION_BUS_ADDRESS',
      'GITHUB_TOKEN',
      'NPM_CONFIG_REGISTRY',
    ],
    ...[
      'npm_config_registry',
      'OPENCODE_CONFIG_CONTENT',
      'OPENCODE_PERMISSION',
      'XDG_CONFIG_HOME',
      'GIT_ASKPASS',
    ],
    ...['https_proxy', 'EDITOR', 'NODE_OPTIONS', 'FNM_DIR', 'TERRAFORM_TOKEN'],
  ])('has %s', (name) => {
    expect(withoutNoise({...ENV, [name]: 'it'})).toEqual({...ENV, [name]: 'it'});
  });

  // As they were found in shells, terminals, editors and agents.
  it.each([
    ...[
      '_',
      'PWD',
      'OLDPWD',
      'SHLVL',
      'COLUMNS',
      'LINES',
      'GPG_TTY',
      'STARSHIP_SHELL',
      'STARSHIP_SESSION_KEY',
    ],
    ...[
      'P9K_TTY',
      '_P9K_SSH_TTY',
      'ATUIN_SESSION',
      'FNM_MULTISHELL_PATH',
      '__MISE_SESSION',
      'MCFLY_SESSION_ID',
    ],
    ...[
      'TERM',
      'COLORTERM',
      'TERM_PROGRAM',
      'TERM_PROGRAM_VERSION',
      'TERM_SESSION_ID',
      'WINDOWID',
      'VTE_VERSION',
    ],
    ...['GNOME_TERMINAL_SCREEN', 'KONSOLE_DBUS_SESSION', 'SHELL_SESSION_ID', 'KITTY_WINDOW_ID', 'KITTY_PID'],
    ...['ALACRITTY_WINDOW_ID', 'WEZTERM_PANE', 'GHOSTTY_RESOURCES_DIR', 'ITERM_SESSION_ID', 'LC_TERMINAL'],
    ...['TMUX', 'TMUX_PANE', 'STY', 'WINDOW', 'ZELLIJ', 'ZELLIJ_SESSION_NAME', 'WT_SESSION', 'TERMINFO'],
    ...['XDG_SESSION_ID', 'XDG_ACTIVATION_TOKEN', 'XDG_VTNR', 'SSH_CLIENT', 'SSH_CONNECTION', 'SSH_TTY'],
    ...[
      'DESKTOP_STARTUP_ID',
      'GIO_LAUNCHED_DESKTOP_FILE_PID',
      'JOURNAL_STREAM',
      'INVOCATION_ID',
      'MANAGERPID',
    ],
    ...['XPC_SERVICE_NAME', '__CFBundleIdentifier', 'SECURITYSESSIONID', 'VSCODE_PID', 'VSCODE_IPC_HOOK_CLI'],
    ...['VSCODE_GIT_IPC_AUTH_TOKEN', 'CURSOR_TRACE_ID', 'ELECTRON_RUN_AS_NODE', 'CHROME_DESKTOP'],
    ...['CLAUDECODE', 'CLAUDE_PROJECT_DIR', 'CLAUDE_CODE_ENTRYPOINT', 'CLAUDE_CODE_SSE_PORT'],
    ...['CLAUDE_CODE_MESSAGING_TOKEN', 'CLAUDE_CODE_MESSAGING_SOCKET', 'CLAUDE_CODE_SESSION_ID'],
    ...['GEMINI_CLI', 'GEMINI_CLI_IDE_SERVER_PORT', 'GEMINI_CLI_IDE_AUTH_TOKEN', 'CODEX_THREAD_ID'],
    ...[
      'GIT_DIR',
      'GIT_INDEX_FILE',
      'AGENT',
      'OPENCODE',
      'OPENCODE_PID',
      'OPENCODE_RUN_ID',
      'OPENCODE_SERVER_PASSWORD',
      'GITHUB_OUTPUT',
    ],
    ...['OPENCODE_DELEGATE_CONCURRENCY', 'OPENCODE_DELEGATE_MODEL', 'BUN_INSPECT', 'BUN_INSPECT_PRELOAD'],
  ])('has no %s', (name) => {
    expect(withoutNoise({...ENV, [name]: 'it'})).toEqual(ENV);
  });

  it('has no GIT_ASKPASS that asks in a window of VS Code', () => {
    const vscode = {
      VSCODE_GIT_ASKPASS_MAIN: '/opt/code/askpass-main.js',
      GIT_ASKPASS: '/opt/code/askpass.sh',
    };
    expect(withoutNoise({...ENV, ...vscode})).toEqual(ENV);
  });
});

describe('Claude Code', () => {
  /** As version 2.1.332 starts a server, in print mode; what is random is made up. */
  const ofWindow = (n: number): NodeJS.ProcessEnv => ({
    ...ENV,
    TERM: `xterm-${n}`,
    TMUX_PANE: `%${n}`,
    AI_AGENT: 'claude-code',
    CLAUDECODE: '1',
    CLAUDE_CODE_CHILD_NOTES_DIR: `/tmp/notes-${n}`,
    CLAUDE_CODE_ENTRYPOINT: n === 1 ? 'cli' : 'sdk-cli',
    CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS: `${n}`,
    CLAUDE_CODE_MESSAGING_SOCKET: `/tmp/messaging-${n}.sock`,
    CLAUDE_CODE_MESSAGING_TOKEN: `token-${n}`,
    CLAUDE_CODE_SESSION_ID: `session-${n}`,
    CLAUDE_PROJECT_DIR: `/work/${n}`,
    COREPACK_ENABLE_AUTO_PIN: '0',
    NoDefaultCurrentDirectoryInExePath: '1',
  });

  it('gives the agents of each of its windows the same', () => {
    expect(withoutNoise(ofWindow(1))).toEqual(withoutNoise(ofWindow(2)));
    expect(withoutNoise(ofWindow(1))).toEqual({
      ...ENV,
      COREPACK_ENABLE_AUTO_PIN: '0',
      NoDefaultCurrentDirectoryInExePath: '1',
    });
  });
});

describe('npx', () => {
  const underNpx = (project: string): NodeJS.ProcessEnv => ({
    ...ENV,
    PATH: [
      `${project}/node_modules/.bin`,
      '/node_modules/.bin',
      '/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin',
      ENV.PATH,
    ].join(':'),
    npm_command: 'exec',
    npm_config_local_prefix: project,
    npm_config_user_agent: 'npm/10.8.2 node/v20.20.2 linux x64 workspaces/false',
    npm_config_noproxy: '',
    npm_config_yes: 'true',
    npm_config_prefer_offline: 'true',
    npm_config_allow_scripts: '',
    npm_lifecycle_event: 'npx',
    npm_package_json: `${project}/package.json`,
    npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js',
    npm_node_execpath: '/usr/bin/node',
    INIT_CWD: project,
    NODE: '/usr/bin/node',
    COLOR: '0',
    EDITOR: 'vi',
  });

  it('leaves nothing of its project, and what the person has set', () => {
    expect(withoutNoise(underNpx('/work/one'))).toEqual(ENV);
    const registry = {npm_config_registry: 'https://registry.example'};
    expect(withoutNoise({...underNpx('/work/one'), ...registry})).toEqual({...ENV, ...registry});
  });

  it('is the only one whose folders are taken from PATH', () => {
    const env = {...ENV, PATH: `/mine/node_modules/.bin:${ENV.PATH}`};
    expect(withoutNoise(env)).toEqual(env);
  });
});

describe('fnm', () => {
  it('has a folder for each shell in PATH, of which only what it leads to is seen', () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'fnm-')));
    onTestFinished(() => rmSync(root, {recursive: true}));
    const installation = join(root, 'node-versions', 'v20', 'installation');
    for (const folder of [join(installation, 'bin'), join(root, 'fnm_multishells')])
      mkdirSync(folder, {recursive: true});
    const pathOf = (shell: string) => {
      const link = join(root, 'fnm_multishells', shell);
      symlinkSync(installation, link);
      return withoutNoise({PATH: `${link}/bin:/usr/bin`}).PATH;
    };
    expect(pathOf('4711_1764100000000')).toBe(`${installation}/bin:/usr/bin`);
    expect(pathOf('12_17')).toBe(`${installation}/bin:/usr/bin`);
  });

  it('may have removed the folder with its shell', () => {
    const PATH = '/nowhere/fnm_multishells/12_17/bin:/usr/bin';
    expect(withoutNoise({PATH})).toEqual({PATH});
  });
});

describe('a digest', () => {
  it('is 16 hexadecimal digits that hold no value', () => {
    expect(digestOf(ENV)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('does not depend on the order of the keys, at any depth', () => {
    const reversed = Object.fromEntries(Object.entries(ENV).reverse());
    expect(digestOf({a: [ENV], b: 1})).toBe(digestOf({b: 1, a: [reversed]}));
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  });

  it('cannot be shifted from one variable to another', () => {
    expect(digestOf({A_KEY: 'bB_KEY', C_KEY: 'd'})).not.toBe(digestOf({A_KEY: 'b', B_KEY: 'C_KEYd'}));
  });
});

it('two environments differ in names, of which no value is told', () => {
  expect(differingNames({A: '1', B: 'secret', D: '4'}, {A: '1', B: 'other', C: '3'})).toEqual([
    'B',
    'C',
    'D',
  ]);
});

describe('the place of sessions', () => {
  it.each([
    [{HOME: '/home/me'}, '/home/me/.local/share/opencode'],
    [{HOME: '/home/me', XDG_DATA_HOME: '/data'}, '/data/opencode'],
    [{HOME: '/home/me', XDG_DATA_HOME: 'relative'}, '/home/me/.local/share/opencode'],
    [{HOME: '/home/me', OPENCODE_DB: '/elsewhere/my.db'}, '/elsewhere/my.db'],
    [{HOME: '/home/me', OPENCODE_DB: 'my.db'}, '/home/me/.local/share/opencode/my.db'],
  ])('of %j is %s', (env, place) => {
    expect(sessionPlace(env)).toBe(place);
  });
});
