import {statSync} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {type DelegationHead, hasEnded, type Named} from '../../delegation/model/delegation.ts';
import {parseId} from '../../delegation/model/id.ts';
import {artifactIn, EXTENSION} from '../files/artifact.ts';
import {removeLeftovers} from '../files/leftover-files.ts';
import {fileBeginningOf} from '../files/read-file.ts';
import {hasEndedAtSight} from '../record/beginning.ts';
import type {OpenMarks} from './open-marks.ts';
import {Slices} from './slices.ts';

/** Anyone who makes a mark makes the record next: a mark without one is as old as this before it is thought to be idle. */
const IDLE_MARK_MS = 10 * 60_000;

export interface UnfinishedOptions {
  readonly root: string;
  readonly marks: OpenMarks;
  readonly log: Logger;
  /** Every project that has records. */
  readonly projects: () => Promise<readonly string[]>;
  /** A record, or `undefined` when there is none that can be understood. */
  readonly read: (mark: Named) => Promise<DelegationHead | undefined>;
}

/**
 * The records that have no end, those of one project at a time: at first what is marked, then what is found in
 * projects whose records nobody has looked at for marks yet.
 */
export async function* unfinished(options: UnfinishedOptions): AsyncGenerator<readonly DelegationHead[]> {
  const {marks, log, projects} = options;
  const {open, complete} = await marks.all().catch((error: unknown) => {
    log.warn(`what is unfinished is looked for in all records: ${messageOf(error)}`);
    return {open: [], complete: new Set<string>()};
  });
  for (const project of new Set(open.map((mark) => mark.project))) {
    const heads: DelegationHead[] = [];
    for (const mark of open) if (mark.project === project) heads.push(...(await marked(mark, options)));
    if (heads.length > 0) yield heads;
  }
  for (const project of await projects()) {
    if (complete.has(project)) continue;
    const heads = await unmarked(project, options);
    if (heads.length > 0) yield heads;
  }
}

/** The record that a mark stands for, which is removed where it stands for none any more. */
async function marked(
  mark: Named,
  {root, marks, log, read}: UnfinishedOptions,
): Promise<readonly DelegationHead[]> {
  try {
    const head = await read(mark);
    if (head !== undefined && !hasEnded(head.state)) return [head];
    const {mtimeMs} = statSync(artifactIn(root, mark.project, mark.id), {throwIfNoEntry: false}) ?? {};
    const age = Date.now() - ((await marks.madeAt(mark)) ?? 0);
    // One that cannot be understood can be mended.
    if (head !== undefined || (mtimeMs === undefined && age > IDLE_MARK_MS)) await marks.remove(mark);
  } catch (error) {
    log.warn(`the mark of ${mark.id} is left as it is: ${messageOf(error)}`);
  }
  return [];
}

/** Looks at all records of a project, and marks those without an end. */
async function unmarked(
  project: string,
  {root, marks, log, read}: UnfinishedOptions,
): Promise<readonly DelegationHead[]> {
  const heads: DelegationHead[] = [];
  const slices = new Slices();
  try {
    const names = await readdir(join(root, project));
    await removeLeftovers(join(root, project), {names, log});
    for (const name of names) {
      await slices.next();
      const id = idIn(name);
      if (id === undefined || hasSurelyEnded(join(root, project, name))) continue;
      const head = await read({project, id});
      if (head !== undefined && !hasEnded(head.state)) heads.push(head);
    }
    for (const {id} of heads) await marks.make({project, id});
    await marks.complete(project);
  } catch (error) {
    log.warn(`${project} is looked through again at the next start: ${messageOf(error)}`);
  }
  return heads;
}

function idIn(name: string): string | undefined {
  const id = name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : '';
  return parseId(id) === id ? id : undefined;
}

/** False also for what has to be looked at more closely. */
function hasSurelyEnded(path: string): boolean {
  try {
    return hasEndedAtSight(fileBeginningOf(path).bytes);
  } catch {
    // Anyone who reads it says what is wrong with it.
    return false;
  }
}
