import {existsSync, readFileSync} from 'node:fs';
import {dirname} from 'node:path';

/** The package that this process was started from, as it was then. */
export interface OwnPackage {
  readonly version: string;
  /** Its package.json. */
  readonly manifest: string;
}

/** @throws where there is none, or it is not ours. */
export function ownPackage(manifest: string): OwnPackage {
  return {manifest, version: versionIn(manifest)};
}

/**
 * What to say where the package, or Node, is not any more what this process was started from, and what to do: parts of
 * two versions do not work together. `undefined` while it is.
 */
export function replaced({version, manifest}: OwnPackage): string | undefined {
  if (!existsSync(process.execPath))
    return `Node is no longer at ${process.execPath}, where this client has started opencode-delegate with it: it was upgraded, moved or removed. Start the client again.`;
  const now = presentVersion(manifest);
  if (now === version) return undefined;
  if (now === undefined)
    return `opencode-delegate ${version} is no longer in ${dirname(manifest)}, where this client has started it: it was upgraded, moved or removed. Start the client again.`;
  const way = now.localeCompare(version, 'en', {numeric: true}) > 0 ? 'upgraded' : 'downgraded';
  return `opencode-delegate was ${way} from ${version} to ${now} under this client. Start the client again. Delegations are not lost.`;
}

function presentVersion(manifest: string): string | undefined {
  try {
    return versionIn(manifest);
  } catch {
    // It is gone, or about to be written again.
    return undefined;
  }
}

function versionIn(manifest: string): string {
  const {version} = JSON.parse(readFileSync(manifest, 'utf8')) as {version: string};
  return version;
}
