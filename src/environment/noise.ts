import {realpathSync} from 'node:fs';
import {basename, delimiter, dirname, join, sep} from 'node:path';

/** What belongs to one process, one shell, one terminal or one window, and tells an agent nothing. */
const NOISE: readonly RegExp[] = [
  // Shells and what they run for their prompts.
  /^(_|PWD|OLDPWD|SHLVL|COLUMNS|LINES|TTY|GPG_TTY|PS1|PROMPT|KEYTIMEOUT)$/,
  /^(STARSHIP_.*|_?P9K_.*|POSH_.*|ATUIN_(SESSION|HISTORY_ID)|MCFLY_SESSION_ID|HISTDB_SESSION)$/,
  /^(FNM_MULTISHELL_PATH|__MISE_.*|PYENV_SHELL|RBENV_SHELL)$/,
  // Terminals and multiplexers.
  /^(TERM|TERMINFO|TERM_.*|TERMINAL_EMULATOR|COLORTERM|COLORFGBG|WINDOWID|VTE_VERSION|LC_TERMINAL.*)$/,
  /^(GNOME_TERMINAL|KONSOLE|KITTY|ALACRITTY|WEZTERM|GHOSTTY|ITERM|TERMINATOR|TILIX|XTERM|ZELLIJ|WT)_.*$/,
  /^(ZELLIJ|TMUX|TMUX_.*|STY|WINDOW|SHELL_SESSION_ID|PROFILEHOME)$/,
  // A login, and how a program was launched in it.
  /^XDG_(SESSION_(ID|PATH|CLASS|TYPE)|ACTIVATION_TOKEN|VTNR|SEAT|SEAT_PATH)$/,
  /^(SSH_(CLIENT|CONNECTION|TTY)|DESKTOP_STARTUP_ID|GIO_LAUNCHED_DESKTOP_FILE.*|BAMF_DESKTOP_FILE_HINT)$/,
  /^(JOURNAL_STREAM|INVOCATION_ID|SYSTEMD_EXEC_PID|MANAGERPID|MANAGERPIDFDID|MEMORY_PRESSURE_.*)$/,
  /^(SECURITYSESSIONID|XPC_.*|__CFBundleIdentifier|LaunchInstanceID|OSLogRateLimit|MallocNanoZone)$/,
  // Editors. Electron's own switches would turn every Electron program that an agent starts into Node.
  /^(VSCODE_.*|CURSOR_(TRACE_ID|AGENT|CLI.*)|ELECTRON_.*|CHROME_DESKTOP|ORIGINAL_XDG_CURRENT_DESKTOP)$/,
  /^APPLICATION_?INSIGHTS_.*$/,
  // Agents: who they are and how their windows are reached, but neither their keys nor their settings.
  /^(CLAUDECODE|CLAUDE_PROJECT_DIR|CLAUDE_AGENT_SDK_.*|CLAUDE_EFFORT|AI_AGENT)$/,
  /^CLAUDE_CODE_(MESSAGING_.*|SSE_PORT|ENTRYPOINT|EXECPATH|.*SESSION.*|CHILD_.*)$/,
  /^(GEMINI_CLI|GEMINI_CLI_.*|CODEX_(THREAD_ID|INTERNAL_.*|SANDBOX.*|MANAGED_.*))$/,
  /^(AGENT|OPENCODE|OPENCODE_(PID|RUN_ID|PROCESS_ROLE|CALLER|CLIENT|ROUTE|TERMINAL|EDITOR_SSE_PORT))$/,
  /^OPENCODE_SERVER_(USERNAME|PASSWORD)$/,
  // A debugger that has started the client: every OpenCode, which Bun runs, would attach itself to it.
  /^BUN_INSPECT(_.*)?$/,
  // Set inside of git's hooks: with them, every agent's git would work in that one repository.
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|PREFIX)$/,
  // A step of a workflow.
  /^GITHUB_(ENV|PATH|OUTPUT|STATE|STEP_SUMMARY)$/,
  // Ours: settings are for us, and decide by what they say.
  /^OPENCODE_DELEGATE_.*$/,
];

/**
 * What npm and npx tell the program that they start, what they were told themselves included: that they need not ask
 * (`-y`) and may take what is old (`--prefer-offline`) is not meant for an agent's. All other `npm_config_*` are the
 * person's.
 */
const OF_NPM =
  /^(npm_(command|execpath|node_execpath|(lifecycle|package)_.*)|INIT_CWD|NODE|COLOR|npm_config_(allow_scripts|cache|global_prefix|globalconfig|init_module|local_prefix|node_gyp|noproxy|npm_version|prefer_offline|prefix|user_agent|userconfig|yes))$/;
const NPM_FOLDER = /\/(node_modules\/\.bin|node-gyp-bin)$/;

/** The folder that fnm makes for each shell: a link to an installation of Node. */
const FNM_SHELL = /[/\\]fnm_multishells[/\\]\d+_\d+$/;

/**
 * A client's environment as its agents see it: whole, but for what is noise. Two clients that differ in nothing
 * else are given the same.
 */
export function withoutNoise(env: NodeJS.ProcessEnv): Record<string, string> {
  const isOfNpm = (env.npm_command ?? '') !== '';
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !isNoise(entry[0], env),
  );
  return Object.fromEntries(
    kept
      .filter(([name, value]) => !(isOfNpm && isNpms(name, value)))
      .map(([name, value]) => [name, name === 'PATH' ? lastingPath(value, isOfNpm) : value]),
  );
}

function isNoise(name: string, env: NodeJS.ProcessEnv): boolean {
  // The program that VS Code puts there asks in the window that it belongs to.
  if (name === 'GIT_ASKPASS' && env.VSCODE_GIT_ASKPASS_MAIN !== undefined) return true;
  return NOISE.some((pattern) => pattern.test(name));
}

function isNpms(name: string, value: string): boolean {
  return OF_NPM.test(name) || (name === 'EDITOR' && value === 'vi');
}

/**
 * npx puts the `node_modules/.bin` of the working directory and of all its parents before everything in PATH:
 * they belong to the project that the client was started in, and delegations work elsewhere as well.
 */
function lastingPath(path: string, isOfNpm: boolean): string {
  const folders = path.split(delimiter);
  const own = isOfNpm ? folders.findIndex((folder) => !NPM_FOLDER.test(folder.replaceAll(sep, '/'))) : 0;
  return folders.slice(Math.max(own, 0)).map(lastingFolder).join(delimiter);
}

/** fnm removes a shell's folder with the shell; what it leads to stays. */
function lastingFolder(folder: string): string {
  const shell = basename(folder) === 'bin' ? dirname(folder) : folder;
  if (!FNM_SHELL.test(shell)) return folder;
  try {
    return join(realpathSync(shell), folder.slice(shell.length));
  } catch {
    // The shell has gone, and its folder with it: then the name says as much as anything.
    return folder;
  }
}
