import {chmod, lstat, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';

/** Removes a folder in which an agent has worked: one may have taken from itself the right to write there. */
export async function removeAll(path: string): Promise<void> {
  try {
    await rm(path, {recursive: true, force: true, maxRetries: 3});
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await makeWritable(path);
    await rm(path, {recursive: true, force: true, maxRetries: 3});
  }
}

/** Follows no link. */
async function makeWritable(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await makeWritable(join(path, name));
}
