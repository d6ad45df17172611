import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {rgPath} from '@vscode/ripgrep';
import {readOwner} from '../../src/process/lock.ts';
import {copyPrepared, PREPARED_HOME, quickStart} from './prepared-files.ts';
import {allGone, processesIn, signalEach} from './processes.ts';
import {providerOf} from './scripted-model.ts';

/** The bin as it is published. */
export const BIN = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url));
/** Where npm has put the binary of the `opencode-ai` package. */
export const NPM_BIN = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
/** The OpenCode that tests run: npm's, or the executable that TEST_OPENCODE_BIN names, which must be called `opencode`. */
export const OPENCODE_BIN = resolve(process.env.TEST_OPENCODE_BIN ?? join(NPM_BIN, 'opencode'));

/** Whether the tests run with a host in the background (`on`) or in one process (`off`). */
export const HOST_MODE = process.env.TEST_HOST === 'off' ? 'off' : 'on';

export interface SandboxOptions {
  /** Where the scripted model listens; without it no model is configured. */
  readonly modelUrl?: string;
  /** Merged into the user's OpenCode configuration. */
  readonly config?: Record<string, unknown>;
  readonly models?: readonly string[];
}

/** A home of its own for a test: nothing of the person's or the machine's configuration reaches it. */
export interface Sandbox {
  readonly root: string;
  /** A project directory; its name has blanks in it, as people's have. */
  readonly project: string;
  readonly dataDir: string;
  readonly env: Record<string, string>;
  /** The user's OpenCode configuration as it was at first. */
  readonly config: Record<string, unknown>;
  /** Where that configuration is. */
  readonly configFile: string;
  /** Writes the user's OpenCode configuration again. */
  configure(config: unknown): void;
  /** Where a host's socket and lock are. */
  readonly runtimeDir: string;
  /** All that hosts have logged so far. */
  hostLog(): string;
  /** Ends what still runs, by SIGKILL, and resolves when all of it and the folder are gone. TEST_KEEP=1 keeps the folder. */
  remove(): Promise<void>;
}

export function createSandbox({modelUrl, config = {}, models = ['model']}: SandboxOptions = {}): Sandbox {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-')));
  const home = join(root, 'home');
  const project = join(root, 'my project');
  const configFile = join(home, '.config', 'opencode', 'opencode.json');
  for (const folder of [home, project, dirname(configFile)]) mkdirSync(folder, {recursive: true});
  // OpenCode installs a helper package into every configuration folder; a test must not reach a registry.
  writeFileSync(join(home, '.npmrc'), 'registry=http://127.0.0.1:9/\nfetch-retries=0\n');
  const prepared = process.env[PREPARED_HOME];
  if (prepared !== undefined) copyPrepared(prepared, home);
  const configure = (content: unknown) =>
    writeFileSync(configFile, typeof content === 'string' ? content : JSON.stringify(content));
  const fullConfig = {
    ...(modelUrl !== undefined && {provider: providerOf(modelUrl, models), model: `scripted/${models[0]}`}),
    ...config,
  };
  // `null` in the options takes a setting away.
  const initial = Object.fromEntries(Object.entries(fullConfig).filter(([, value]) => value !== null));
  configure(initial);
  const runtime = join(root, 'run');
  const hostLog = join(home, '.local', 'state', 'opencode-delegate', 'host.log');
  const dataDir = join(home, '.local', 'share', 'opencode', 'delegations');
  const runtimeDir = join(dataDir, '.host');
  return {
    root,
    project,
    dataDir,
    env: {
      // OpenCode would download ripgrep, which its searches need.
      PATH: [
        ...[dirname(OPENCODE_BIN), NPM_BIN, dirname(rgPath), dirname(process.execPath)],
        ...['/usr/local/bin', '/usr/bin', '/bin'],
      ].join(delimiter),
      HOME: home,
      TMPDIR: resolve(root),
      ...quickStart(prepared),
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      XDG_RUNTIME_DIR: runtime,
      OPENCODE_DELEGATE_HOST: HOST_MODE,
      // From one test to the next, its host has no client.
      OPENCODE_DELEGATE_HOST_IDLE_SECONDS: '60',
    },
    config: initial,
    configFile,
    configure,
    runtimeDir,
    hostLog: () => (existsSync(hostLog) ? readFileSync(hostLog, 'utf8') : ''),
    async remove() {
      // A test may have given a client another data folder.
      const others = processesIn(root).filter(({command}) => / host$/.test(command));
      signalEach([...hostsIn(runtimeDir), ...others.map((other) => other.pid)], 'SIGKILL');
      // OpenCode ends with its host, and writes to its folders until then.
      if (process.platform === 'linux') await allGone(root, 20_000);
      if (process.env.TEST_KEEP === '1') process.stderr.write(`kept: ${root}\n`);
      else rmSync(root, {recursive: true, force: true, maxRetries: 5});
    },
  };
}

/** The processes that have a lock there. */
export function hostsIn(runtimeDir: string): readonly number[] {
  const isFolder = statSync(runtimeDir, {throwIfNoEntry: false})?.isDirectory() === true;
  const names = isFolder ? readdirSync(runtimeDir) : [];
  return names
    .filter((name) => name.endsWith('.lock'))
    .flatMap((name) => {
      const owner = readOwner(join(runtimeDir, name));
      return owner === undefined ? [] : [owner.pid];
    });
}

/** The file that a delegation's record is in. */
export function artifactOf({dataDir}: Sandbox, id: string): string {
  for (const project of readdirSync(dataDir)) {
    const file = join(dataDir, project, `${id}.md`);
    if (statSync(file, {throwIfNoEntry: false}) !== undefined) return file;
  }
  throw new Error(`no artifact of ${id}`);
}

/** Every record there is, as its file has it. */
export function recordsIn({dataDir}: Sandbox): readonly string[] {
  return readdirSync(dataDir, {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(join(dataDir, name), 'utf8'));
}
