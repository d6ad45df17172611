import {accessSync, constants, statSync} from 'node:fs';
import {createRequire} from 'node:module';
import {arch, platform} from 'node:os';
import {dirname, isAbsolute, join} from 'node:path';
import which from 'which';
import {Refusal} from '../../base/errors.ts';
import {ownBinary} from './own-binary.ts';
import {isDriven, versionOfBinary} from './versions.ts';

/** A file that is smaller than this is npm's placeholder for a binary that was not put in place. */
const PLACEHOLDER_BYTES = 1_000_000;

/** What gets a version that can be driven. */
export const GET_OPENCODE = '`opencode-delegate install opencode`';

/** What names a binary, and where it is looked for. */
export interface BinarySearch {
  readonly named: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Finds the OpenCode binary: the one that was named, else `opencode` on PATH if that can be driven, else the one that
 * `install opencode` has brought, else that of the `opencode-ai` package installed beside this one. Where none of them
 * can be driven, it is the one on PATH, whose start says what is wrong with it.
 * @throws Refusal with how to install one.
 */
export async function findBinary({named, env}: BinarySearch): Promise<string> {
  const path = env.PATH ?? '';
  if (named !== undefined) {
    const found = isAbsolute(named) ? executable(named) : await which(named, {nothrow: true, path});
    if (found) return found;
    throw new Refusal(
      `OPENCODE_DELEGATE_BIN names "${named}", which is not an executable file. Name one that is, or unset it to use \`opencode\` from PATH.`,
    );
  }
  const onPath = (await which('opencode', {nothrow: true, path})) ?? undefined;
  const other = executable(ownBinary(env)) ?? fromPackage();
  // Its version is asked for only where there is a choice.
  const isUsed = onPath !== undefined && (other === undefined || (await canBeDriven(onPath, env)));
  const found = isUsed ? onPath : (other ?? onPath);
  if (found !== undefined) return found;
  throw new Refusal(
    `OpenCode was not found: there is no \`opencode\` on PATH. Install it with ${GET_OPENCODE} or \`npm install -g opencode-ai@1\`, or name its binary in OPENCODE_DELEGATE_BIN. Then try again: it is found without a restart.`,
  );
}

/** True where there is an OpenCode that can be driven, or that may be. Nothing is started but to hear its version. */
export async function hasBinary(search: BinarySearch): Promise<boolean> {
  try {
    return await canBeDriven(await findBinary(search), search.env);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

async function canBeDriven(binary: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const version = await versionOfBinary(binary, env);
  return version === undefined || isDriven(version);
}

/** npm may have kept the package from running its install script; its platform package has the binary too. */
function fromPackage(): string | undefined {
  const require = createRequire(import.meta.url);
  const system = platform() === 'win32' ? 'windows' : platform();
  const names = ['', '-baseline', '-musl', '-baseline-musl'].map(
    (variant) => `opencode-${system}-${arch()}${variant}`,
  );
  const file = system === 'windows' ? 'opencode.exe' : 'opencode';
  const places: [string, string][] = [
    ['opencode-ai', 'opencode.exe'],
    ...names.map((n): [string, string] => [n, file]),
  ];
  for (const [name, binary] of places) {
    try {
      const path = join(dirname(require.resolve(`${name}/package.json`)), 'bin', binary);
      if (statSync(path).size >= PLACEHOLDER_BYTES && executable(path) !== undefined) return path;
    } catch {
      // This package is not installed, which is what the loop is there to find out.
    }
  }
  return undefined;
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    // Not there or not ours to run: the caller says so in its own words.
    return undefined;
  }
}
