import {readdirSync} from 'node:fs';
import {join} from 'node:path';

/** The folders that hold records. */
export function projectsIn(dataDir: string): readonly string[] {
  return readdirSync(dataDir, {withFileTypes: true})
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({name}) => join(dataDir, name));
}
