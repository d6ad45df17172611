import {readdir, rm, rmdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {type DelegationHead, type Named, SESSION_ID} from '../../delegation/model/delegation.ts';
import {isLeftBehind} from '../../process/temporary.ts';
import {isSignerGone} from '../files/signature.ts';
import {CLIENT_SESSION} from './client-sessions.ts';
import {HOLDER, NOTICES, SessionNotices} from './session-notices.ts';

/** A client's session in which no hook has said anything for so long is taken for closed for good. */
const CLOSED_MS = 30 * 24 * 60 * 60_000;

/**
 * Removes the folders of sessions that wait for nothing and whose process is gone, those of closed sessions of other
 * clients, and what is left in the others of a process that was killed as it wrote. What cannot be looked at is left as it is.
 *
 * @param root the folder that holds a folder for each project.
 */
export async function tidyNotices(root: string): Promise<void> {
  const entries = await readdir(join(root, NOTICES), {withFileTypes: true}).catch(() => []);
  // What has another name, or is a link to elsewhere, is none of ours.
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const folder = join(root, NOTICES, entry.name);
    if (SESSION_ID.test(entry.name)) await tidy(folder).catch(() => {});
    else if (CLIENT_SESSION.test(entry.name)) await tidyClient(folder).catch(() => {});
  }
}

/**
 * No session has been told of a delegation's end any more, and the one that asked for it waits to hear of it again.
 *
 * @param root the folder that holds a folder for each project.
 * @throws when it cannot be written.
 */
export async function tellAgain(
  root: string,
  {project, id, parent}: Named & Pick<DelegationHead, 'parent'>,
): Promise<void> {
  const entries = await readdir(join(root, NOTICES), {withFileTypes: true}).catch(() => []);
  const sessions = entries.filter((entry) => entry.isDirectory()).map(({name}) => name);
  for (const session of sessions) await new SessionNotices(root, session).forget({project, id});
  if (parent !== undefined) await new SessionNotices(root, parent.session).expect({project, id});
}

/** No process stays with a client's session, so that its age has to tell. Every notice changes the folder. */
async function tidyClient(folder: string): Promise<void> {
  const {mtimeMs} = await stat(folder);
  if (Date.now() - mtimeMs > CLOSED_MS) await rm(folder, {recursive: true, force: true});
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
