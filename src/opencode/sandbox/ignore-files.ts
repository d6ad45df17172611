import {lstatSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

/** As OpenCode writes it: what it puts into such a folder is not for the repository. */
const IGNORED = ['node_modules', 'package.json', 'package-lock.json', 'bun.lock', '.gitignore'];

/**
 * OpenCode puts a `.gitignore` into each folder of configuration that it finds, and fails where it cannot: in a
 * sandbox it has to be there before. Where that cannot be, OpenCode says what is wrong.
 */
export function provideIgnoreFiles(directory: string): void {
  for (let folder = directory; ; folder = dirname(folder)) {
    provideIn(join(folder, '.opencode'));
    if (dirname(folder) === folder) return;
  }
}

function provideIn(folder: string): void {
  try {
    // Where a link leads is not for a repository to say.
    if (!lstatSync(folder).isDirectory()) return;
    writeFileSync(join(folder, '.gitignore'), IGNORED.join('\n'), {flag: 'wx'});
  } catch {
    // No such folder, or it is there already.
  }
}
