import {homedir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** No path begins with a quote: such a name would be relative. */
const IN_QUOTES = /^(["'`])(.+)\1$/s;

/**
 * A directory as clients and models name one: by its path, from the person's home (`~/shop`), by a `file:` URI, or in quotes.
 * What names no place on this machine is returned as it is.
 */
export function pathOf(given: string, home: string | undefined): string {
  const named = given.trim();
  const [, , inside] = IN_QUOTES.exec(named) ?? [];
  if (inside !== undefined) return pathOf(inside, home);
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
