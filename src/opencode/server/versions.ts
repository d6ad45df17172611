import {execFile} from 'node:child_process';
import {readFileSync, realpathSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {upwards} from '../../base/upwards.ts';

/** The first version whose behaviour is known here, and the first major version whose is not. */
const OLDEST_VERSION = [1, 18] as const;
const NEXT_MAJOR = 2;
/** Which versions can be driven, in words. */
export const WANTED_VERSION = `version ${OLDEST_VERSION.join('.')} or later, before ${NEXT_MAJOR},`;
/** The version that all tests have run with: the one that `install opencode` brings. */
export const TESTED_VERSION = '1.18.33';

/** OpenCode starts within a second or two. If its version is not known after this time, its start will tell. */
const PATIENCE_MS = 10_000;
/** Its packages are called `opencode-ai` and `opencode-linux-x64` and the like. */
const PACKAGE = /^opencode-/;

/** True for a version that we can drive. */
export function isDriven(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]);
  return !isOld && major < NEXT_MAJOR;
}

/** By file, with what changes when it is another. */
const known = new Map<string, Promise<string | undefined>>();

/** The version of an OpenCode binary: of its package where it has one, else what it says; `undefined` for neither. */
export function versionOfBinary(binary: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const real = realpathSync(binary);
  const {size, mtimeMs} = statSync(real);
  const key = `${real} ${size} ${mtimeMs}`;
  const version = known.get(key) ?? Promise.resolve(versionOfPackage(real) ?? spokenVersion(binary, env));
  known.set(key, version);
  return version;
}

function versionOfPackage(file: string): string | undefined {
  try {
    const [, above = ''] = upwards(dirname(file));
    const manifest: unknown = JSON.parse(readFileSync(join(above, 'package.json'), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null) return undefined;
    const {name, version} = manifest as {name?: unknown; version?: unknown};
    return typeof name === 'string' && PACKAGE.test(name) && typeof version === 'string'
      ? version
      : undefined;
  } catch {
    // It came some other way than with npm.
    return undefined;
  }
}

async function spokenVersion(binary: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const {stdout} = await promisify(execFile)(binary, ['--version'], {env, timeout: PATIENCE_MS});
    return /^v?(\d+\.\d+\.\d\S*)\s*$/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
