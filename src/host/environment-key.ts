import {createHash} from 'node:crypto';
import {delimiter, sep} from 'node:path';

/** Enough that two environments of one user never meet, and short: socket paths end at 103 bytes. */
const KEY_CHARS = 16;

/** Where programs, settings and certificates are found. */
const PLACES =
  /^(HOME|PATH|USERPROFILE|APPDATA|LOCALAPPDATA|SHELL|NODE_EXTRA_CA_CERTS|SSL_CERT_.*|XDG_.*|OPENCODE_.*)$/;
const PROVIDERS =
  /^(AWS|AZURE|GOOGLE|GCLOUD|GCP|VERTEX|ANTHROPIC|OPENAI|GEMINI|OPENROUTER|MISTRAL|GROQ|XAI|DEEPSEEK|CLOUDFLARE|SNOWFLAKE|DATABRICKS|GITLAB|GITHUB|AICORE|OLLAMA|LMSTUDIO)_/;
/** How all other providers and gateways call what a request is sent with, or where it is sent. */
const CREDENTIALS =
  /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|ENDPOINT|BASE_?URL|API_?(URL|HOST|BASE)|PROXY|REGION|ACCOUNT|(^|_)ORG(_|$|ANI)|PROJECT_ID|RESOURCE_NAME/;

/** What differs from one terminal, window or login to the next, and does not change what an agent does. */
const NOISE = [
  // Where sockets lie changes nothing that an agent does, and some clients (Codex) do not pass it on.
  /^XDG_(SESSION_.*|ACTIVATION_TOKEN|VTNR|SEAT|SEAT_PATH|RUNTIME_DIR)$/,
  /^OPENCODE_(PID|ROUTE|TERMINAL|EDITOR_SSE_PORT|SERVER_USERNAME|SERVER_PASSWORD)$/,
  /^(SSH_AUTH_SOCK|XAUTHORITY|ICEAUTHORITY|GNOME_KEYRING_.*|KEYTIMEOUT|COLORTERM)$/i,
  // Made anew by each window of Claude Code and Gemini CLI, and by each shell under Starship.
  /^(CLAUDE_CODE_(MESSAGING_.*|SSE_PORT|ENTRYPOINT|.*SESSION.*)|GEMINI_CLI(_.*)?|STARSHIP_.*)$/i,
  /^(NPM_(CONFIG|PACKAGE|LIFECYCLE)_.*|VSCODE_.*|TERM_.*|ITERM_.*|WT_.*|KITTY_.*|TMUX.*|GITHUB_(ENV|PATH|OUTPUT|STATE|STEP_SUMMARY))$/i,
];

/**
 * Names an environment without telling what is in it: two clients share a host only if all that changes what
 * OpenCode would do for them is the same.
 */
export function environmentKey({env, version}: {env: NodeJS.ProcessEnv; version: string}): string {
  const relevant = Object.entries(hostEnvironment(env))
    .filter(([name, value]) => value !== undefined && isRelevant(name))
    .map(([name, value]) => [name, name === 'PATH' ? lasting(value ?? '') : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify([version, relevant]));
  return digest.digest('hex').slice(0, KEY_CHARS);
}

function isRelevant(name: string): boolean {
  if (NOISE.some((pattern) => pattern.test(name))) return false;
  const upper = name.toUpperCase();
  return PLACES.test(upper) || PROVIDERS.test(upper) || CREDENTIALS.test(upper);
}

/** PATH with the folders that a version manager makes anew for each shell (fnm) under one name. */
function lasting(path: string): string {
  return path.replace(/(fnm_multishells[/\\])\d+_\d+/g, '$1shell');
}

/**
 * A client's environment without what belongs to one client alone, as a host that serves many is started in it.
 *
 * npx puts the `node_modules/.bin` of the working directory and of all its parents before everything in PATH:
 * with them, each project would get a host of its own, and its tools would run in other people's projects.
 */
export function hostEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !OF_ONE_CLIENT.test(name));
  if (env.npm_command !== 'exec') return Object.fromEntries(kept);
  const path = (env.PATH ?? '').split(delimiter);
  const own = path.findIndex((folder) => !NPM_FOLDER.test(folder.replaceAll(sep, '/')));
  return Object.fromEntries(
    kept
      .filter(([name]) => !OF_NPX.test(name))
      .map(([name, value]) => [name, name === 'PATH' ? path.slice(Math.max(own, 0)).join(delimiter) : value]),
  );
}

const OF_ONE_CLIENT = /^(OPENCODE|OPENCODE_PID|PWD|OLDPWD|SHLVL|_)$/;
const OF_NPX = /^(npm_(command|execpath|node_execpath|(lifecycle|package)_.*|config_local_prefix)|INIT_CWD)$/;
const NPM_FOLDER = /\/(node_modules\/\.bin|node-gyp-bin)$/;
