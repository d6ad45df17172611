import {readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {wholeOf} from '../base/whole-file.ts';
import type {DelegationHead, Named} from '../delegation/model/delegation.ts';
import {artifactIn, EXTENSION} from './files/artifact.ts';
import {syncFolder} from './files/write-whole.ts';
import {OpenMarks} from './index/open-marks.ts';
import type {SpentMarks} from './index/spent.ts';
import {parseHead} from './record/record.ts';
import {removeRecord} from './remove-record.ts';

/**
 * Removes all records of a project, ended or not, with its folder and all that is noted of them elsewhere. What they have
 * cost goes on to count. Idempotent, also where the last try was broken off.
 *
 * @param root the folder that holds a folder for each project.
 * @throws when something cannot be removed.
 */
export async function removeProject(
  root: string,
  project: string,
  {spent}: {readonly spent: Pick<SpentMarks, 'keep'>},
): Promise<void> {
  const folder = join(root, project);
  const names = await readdir(folder).catch(() => []);
  const ids = names
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length));
  for (const id of ids) {
    const head = headOf(root, {project, id});
    if (head !== undefined) await spent.keep(head);
    await removeRecord(root, head ?? {project, id});
  }
  // With what somebody has left there who was killed while writing.
  await rm(folder, {recursive: true, force: true, maxRetries: 3});
  const marks = new OpenMarks(root);
  for (const mark of (await marks.all()).open) if (mark.project === project) await marks.remove(mark);
  await marks.incomplete(project);
  await syncFolder(root);
}

/** `undefined` where it cannot be understood. */
function headOf(root: string, {project, id}: Named): DelegationHead | undefined {
  try {
    return parseHead(wholeOf(artifactIn(root, project, id)), project);
  } catch {
    return undefined;
  }
}
