import {execFile} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync} from 'node:fs';
import {platform} from 'node:os';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {messageOf, Refusal} from '../../base/errors.ts';
import {NAME} from '../../base/name.ts';
import {xdgFolder} from '../../base/xdg.ts';
import {TESTED_VERSION} from './versions.ts';

/** Some hundred megabytes come over the line. */
const PATIENCE_MS = 15 * 60_000;
const PACKAGE = 'opencode-ai';
const ON_WINDOWS = platform() === 'win32';

/** Where the OpenCode is that `install opencode` brings, whether it is there or not. */
export function ownBinary(env: NodeJS.ProcessEnv): string {
  const file = `opencode-${TESTED_VERSION}${ON_WINDOWS ? '.exe' : ''}`;
  // Not in the folder of the results, which a sandbox hides.
  return join(xdgFolder(env, 'XDG_DATA_HOME'), NAME, file);
}

/** The command that brings it, as npm is asked. */
export function fetchCommand(folder: string): readonly string[] {
  // Its install script would only choose among the binaries that npm has checked; npm 12 does not run it anyway.
  return [
    ...['npm', 'install', '--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'],
    ...['--no-update-notifier', `${PACKAGE}@${TESTED_VERSION}`],
  ];
}

/**
 * Has npm download the tested version of OpenCode and check it against the registry's checksums, takes the binary that
 * runs on this machine, and puts it in its place in one step. Resolves with that place.
 * @throws Refusal with npm's words.
 */
export async function fetchBinary(env: NodeJS.ProcessEnv): Promise<string> {
  const place = ownBinary(env);
  mkdirSync(dirname(place), {recursive: true, mode: 0o700});
  const folder = mkdtempSync(join(dirname(place), '.download-'));
  try {
    const [npm = '', ...args] = fetchCommand(folder);
    await promisify(execFile)(npm, args, {env, cwd: folder, timeout: PATIENCE_MS, shell: ON_WINDOWS}).catch(
      (error: Error & {stderr?: string}) => {
        throw new Refusal(`npm could not bring OpenCode: ${error.stderr?.trim() || messageOf(error)}`);
      },
    );
    renameSync(await runningIn(join(folder, 'node_modules'), env), place);
    return place;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** Removes it, and its folder where nothing else is in that. True where it was there. */
export function removeBinary(env: NodeJS.ProcessEnv): boolean {
  const place = ownBinary(env);
  const wasThere = statSync(place, {throwIfNoEntry: false}) !== undefined;
  rmSync(place, {force: true});
  if (wasThere && readdirSync(dirname(place)).length === 0) rmSync(dirname(place), {recursive: true});
  return wasThere;
}

/** npm brings one for each kind of processor and of C library that may fit: the first that says its version does. */
async function runningIn(modules: string, env: NodeJS.ProcessEnv): Promise<string> {
  const names = readdirSync(modules).filter((name) => name.startsWith('opencode-') && name !== PACKAGE);
  // The shortest is for processors of today.
  const inOrder = names.sort((a, b) => a.length - b.length);
  for (const name of inOrder) {
    const binary = join(modules, name, 'bin', ON_WINDOWS ? 'opencode.exe' : 'opencode');
    try {
      chmodSync(binary, 0o755);
      const {stdout} = await promisify(execFile)(binary, ['--version'], {env, timeout: 60_000});
      if (stdout.trim() === TESTED_VERSION) return binary;
    } catch {
      // It is for another kind of machine.
    }
  }
  throw new Refusal(
    `npm has brought no OpenCode that runs on this machine: ${inOrder.join(', ') || 'none'}.`,
  );
}
