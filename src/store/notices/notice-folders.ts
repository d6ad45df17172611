import {readdir, rm, rmdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {SESSION_ID} from '../../delegation/model/delegation.ts';
import {isLeftBehind} from '../../process/temporary.ts';
import {isSignerGone} from '../files/signature.ts';
import {HOLDER, NOTICES} from './session-notices.ts';

/**
 * Removes the folders of sessions that wait for nothing and whose process is gone, and what is left in the others of
 * a process that was killed as it wrote. What cannot be looked at is left as it is.
 *
 * @param root the folder that holds a folder for each project.
 */
export async function tidyNotices(root: string): Promise<void> {
  const entries = await readdir(join(root, NOTICES), {withFileTypes: true}).catch(() => []);
  // What has another name, or is a link to elsewhere, is none of ours.
  const sessions = entries.filter((entry) => entry.isDirectory() && SESSION_ID.test(entry.name));
  for (const {name} of sessions) await tidy(join(root, NOTICES, name)).catch(() => {});
}

async function tidy(folder: string): Promise<void> {
  const names = new Set(await readdir(folder));
  for (const name of names) {
    const path = join(folder, name);
    if (!name.endsWith('.tmp') || !isLeftBehind(name, Date.now() - (await stat(path)).mtimeMs)) continue;
    await rm(path, {force: true});
    names.delete(name);
  }
  const holder = join(folder, HOLDER);
  if (names.size > 1 || (names.size === 1 && !(names.has(HOLDER) && (await isSignerGone(holder))))) return;
  await rm(holder, {force: true});
  // Fails where somebody has begun to wait in it since.
  await rmdir(folder);
}
