import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

/** Every file below a folder, its content byte for byte as text. Sockets and links are left aside. */
export function filesIn(root: string): ReadonlyMap<string, string> {
  const entries = readdirSync(root, {recursive: true, withFileTypes: true});
  const paths = entries.filter((entry) => entry.isFile()).map(({parentPath, name}) => join(parentPath, name));
  return new Map(paths.flatMap(contentOf));
}

function contentOf(path: string): readonly (readonly [string, string])[] {
  try {
    return [[path, readFileSync(path, 'latin1')]];
  } catch {
    // What is being written has another name by now.
    return [];
  }
}
