import {homedir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/**
 * A directory as clients and models name one: by its path, from the person's home (`~/shop`), or by a `file:` URI.
 * What names no place on this machine is returned as it is.
 */
export function pathOf(given: string, home: string | undefined): string {
  const named = given.trim();
  if (/^file:/i.test(named)) return pathOfUri(named) ?? named;
  if (!/^~(?=$|[/\\])/.test(named)) return given;
  return join(home || homedir(), named.slice(1));
}

function pathOfUri(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    // It is on another machine, or no URI at all.
    return undefined;
  }
}
