import {readdirSync, rmSync, writeFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {wholeOf} from '../../base/whole-file.ts';
import {type DelegationHead, hasEnded, type Named} from '../../delegation/model/delegation.ts';
import {artifactIn} from '../files/artifact.ts';
import {markName, namedBy} from '../files/mark-name.ts';
import {parseHead} from '../record/record.ts';

/** Beside the folders of the projects; no project's name begins with a dot. */
const FOLDER = '.spent';
const DAY_MS = 24 * 60 * 60_000;
/** For so long it can be asked what was spent: a day, wherever it begins, and some time for clocks that differ. */
const KEPT_DAYS = 3;
/** As a mark has it. */
const kept = z.object({at: z.number(), cost: z.number()});
const DAY = /^\d{4}-\d{2}-\d{2}$/;

interface Ended {
  readonly at: number;
  readonly cost: number;
}

/**
 * What delegations have cost, by the records of all projects. So that nobody has to read thousands for the few of a day,
 * an empty file `<day>/<id>@<project>` says which ones have ended in that day, by UTC: it is there before the end is.
 * The record is the truth, as it is for every other mark, until it is removed: then what it has cost stands in the mark.
 */
export class SpentMarks {
  readonly #root: string;
  readonly #log: Logger;
  /** What is known of those that have ended: that does not change. */
  #ended = new Map<string, Ended>();

  /** @param root the folder that holds a folder for each project. */
  constructor({root, log}: {root: string; log: Logger}) {
    this.#root = root;
    this.#log = log;
  }

  /** To be called before the record of one is written that has ended. Never rejects. */
  async note({id, project, state}: DelegationHead): Promise<void> {
    if (!hasEnded(state) || state.work.usage.cost === 0) return;
    // A record of long ago that is written again is of no day that anybody asks for.
    if (state.endedAt < Date.now() - KEPT_DAYS * DAY_MS) return;
    try {
      await this.#mark({id, project}, {at: state.endedAt});
    } catch (error) {
      this.#log.warn(`${id}: what it has cost does not count as spent today: ${messageOf(error)}`);
    }
  }

  /** To be called before the record of one is removed that is to count all the same. @throws when it cannot be written. */
  async keep({id, project, state}: DelegationHead): Promise<void> {
    const cost = costOf(state);
    if (cost === 0) return;
    const at = hasEnded(state) ? state.endedAt : Date.now();
    await this.#mark({id, project}, {at, text: JSON.stringify({at, cost})});
  }

  async #mark(named: Named, {at, text = ''}: {readonly at: number; readonly text?: string}): Promise<void> {
    const folder = join(this.#root, FOLDER, dayAt(at));
    const path = join(folder, markName(named));
    try {
      writeFileSync(path, text, {mode: 0o600});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await mkdir(folder, {recursive: true, mode: 0o700});
      writeFileSync(path, text, {mode: 0o600});
    }
  }

  /**
   * What those have cost that have ended since then, and by now those that have no end, in US dollars.
   *
   * @param open those that are marked as open.
   */
  since(at: number, open: readonly Named[], isKnownBetter: (named: Named) => boolean): number {
    const folders = daysFrom(at, Date.now()).map((day) => join(this.#root, FOLDER, day));
    const marked = folders.flatMap((folder) =>
      namesIn(folder).map((name) => [name, join(folder, name)] as const),
    );
    // One may have both marks while its end is being written.
    const all = new Map<string, string | undefined>([
      ...open.map((named) => [markName(named), undefined] as const),
      ...marked,
    ]);
    const ended = new Map<string, Ended>();
    let sum = 0;
    for (const [name, path] of all) {
      const named = namedBy(name);
      if (named === undefined || isKnownBetter(named)) continue;
      const known = this.#ended.get(name) ?? this.#look(named) ?? keptIn(path);
      if (typeof known === 'number') sum += known;
      else if (known !== undefined) {
        ended.set(name, known);
        sum += known.at >= at ? known.cost : 0;
      }
    }
    this.#ended = ended;
    return sum;
  }

  /** Removes the marks of days that nobody asks for any more. Never rejects. */
  async tidy(): Promise<void> {
    const oldest = dayAt(Date.now() - KEPT_DAYS * DAY_MS);
    const old = namesIn(join(this.#root, FOLDER)).filter((name) => DAY.test(name) && name < oldest);
    for (const name of old) rmSync(join(this.#root, FOLDER, name), {recursive: true, force: true});
  }

  /** The end of a record, or what it has cost so far; `undefined` where there is none that can be understood. */
  #look({project, id}: Named): Ended | number | undefined {
    try {
      const {state} = parseHead(wholeOf(artifactIn(this.#root, project, id)), project);
      return hasEnded(state) ? {at: state.endedAt, cost: costOf(state)} : costOf(state);
    } catch {
      return undefined;
    }
  }
}

function costOf(state: DelegationHead['state']): number {
  if (hasEnded(state)) return state.work.usage.cost;
  return 'usage' in state ? (state.usage?.cost ?? 0) : 0;
}

/** What stands in the mark of one whose record was removed. */
function keptIn(path: string | undefined): Ended | undefined {
  try {
    if (path === undefined) return undefined;
    return kept.parse(JSON.parse(wholeOf(path)));
  } catch {
    return undefined;
  }
}

function dayAt(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function daysFrom(from: number, to: number): readonly string[] {
  const days = new Set<string>();
  for (let at = from; at < to; at += DAY_MS) days.add(dayAt(at));
  return [...days.add(dayAt(to))];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Nothing has ended there.
    return [];
  }
}
