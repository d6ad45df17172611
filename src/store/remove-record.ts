import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {DelegationHead, Named} from '../delegation/model/delegation.ts';
import {dropConversation} from './conversations.ts';
import {artifactIn} from './files/artifact.ts';
import {Words} from './files/words.ts';
import {syncFolder} from './files/write-whole.ts';
import {OpenMarks} from './index/open-marks.ts';
import {SessionNotices} from './notices/session-notices.ts';

/**
 * Removes the record of a delegation that has ended, and with it all that is noted of it elsewhere: marks, words, and
 * notices that wait.
 *
 * @param root the folder that holds a folder for each project.
 * @throws when it cannot be removed.
 */
export async function removeRecord(
  root: string,
  {project, id, parent}: Named & Pick<DelegationHead, 'parent'>,
): Promise<void> {
  await rm(artifactIn(root, project, id), {force: true});
  await dropConversation(root, {project, id});
  const notes = [new OpenMarks(root), new Words(root, 'cancel'), new Words(root, 'read')];
  await Promise.all(notes.map((one) => one.remove({project, id})));
  if (parent !== undefined) await new SessionNotices(root, parent.session).forget({project, id});
  await syncFolder(join(root, project));
}
