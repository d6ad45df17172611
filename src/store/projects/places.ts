import {existsSync} from 'node:fs';
import {differs, type Identity, identityOfRepository, isSame, madeMarkOf} from './identity.ts';
import type {Note} from './note.ts';
import type {Notes} from './notes.ts';

type Decided = Pick<Note, 'name' | 'earlier'>;

/**
 * Which project each place has: a folder, or the folder that the worktrees of a repository share. A place may have had
 * several things in it, one after the other, each with a project of its own; and what was in it may have been moved.
 */
export class ProjectPlaces {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** How many things have been in a place, at most. */
  countAt(place: string): number {
    return this.#notes.all(placeNote(place)).length;
  }

  /** What is known of what is in a place now. */
  find(place: string, now: Identity): Note | undefined {
    const all = this.#notes.all(placeNote(place));
    // Earlier versions took whatever is in a place for what was there.
    return all.findLast(({is}) =>
      is === undefined ? all.at(-1)?.is === undefined : this.#isHere(is, now, place),
    );
  }

  /** As {@link find}, of a folder that may be in a repository now: only where it is the very same folder. */
  findFolder(place: string, now: Identity): Note | undefined {
    const note = this.find(place, now);
    return note?.is && differs(note.is, now, 'folder') ? undefined : note;
  }

  /** What is known of what is in a place now from where it was before. */
  findMoved(place: string, now: Identity): Decided | undefined {
    const mark = now.git ?? now.folder;
    const moved = mark === undefined ? undefined : this.#notes.last(mark);
    const note = moved ?? this.#madeElsewhere(place, now);
    if (note === undefined) return undefined;
    const there = this.#notes.all(placeNote(note.place)).find(({name}) => name === note.name);
    return {name: note.name, earlier: there?.earlier ?? {}};
  }

  /** Writes down which project a place has while this is in it. */
  async settle(place: string, is: Identity, {name, earlier}: Decided): Promise<Note> {
    const known = this.#notes
      .all(placeNote(place))
      .find((note) => note.name === name && isExactly(note.is, is));
    const note = known ?? (await this.#notes.add({of: placeNote(place), name, place, is, earlier}));
    // Another process was first, with something else that is there now.
    if (!isExactly(note.is, is)) return this.find(place, is) ?? this.settle(place, is, {name, earlier});
    const mark = is.git ?? is.folder;
    const said = {name: note.name, place, is, earlier: {}};
    if (mark !== undefined && this.#notes.last(mark)?.place !== place)
      await this.#notes.add({of: mark, ...said});
    const made = madeMarkOf(is);
    const holder = made === undefined ? undefined : this.#notes.last(made);
    const isHeld = holder !== undefined && (holder.place === place || isMadeAt(holder.place, is));
    if (made !== undefined && !isHeld) await this.#notes.add({of: made, ...said});
    return note;
  }

  /** Where a repository is now that was noted in a place, as far as that is known. */
  whereIs({is, place}: Pick<Note, 'is' | 'place'>): string {
    return (is?.git && this.#notes.last(is.git)?.place) ?? place;
  }

  #isHere(before: Identity, now: Identity, place: string): boolean {
    const mark = before.git ?? before.folder;
    const isThatOne = mark === (before.git === undefined ? now.folder : now.git);
    const seen = mark === undefined || isThatOne ? undefined : this.#notes.last(mark);
    if (seen !== undefined && seen.place !== place) return false;
    return isSame(before, now, place);
  }

  /** The same repository on another file system. Where it is still there, this is a copy of it. */
  #madeElsewhere(place: string, now: Identity): Note | undefined {
    const made = madeMarkOf(now);
    const note = made === undefined ? undefined : this.#notes.last(made);
    return note === undefined || (note.place !== place && isMadeAt(note.place, now)) ? undefined : note;
  }
}

function placeNote(place: string): string {
  return `place ${place}`;
}

function isMadeAt(place: string, {made}: Identity): boolean {
  return existsSync(place) && identityOfRepository(place).made === made;
}

function isExactly(noted: Identity | undefined, now: Identity): boolean {
  if (noted === undefined) return false;
  return (['folder', 'git', 'made', 'origin'] as const).every((part) => noted[part] === now[part]);
}
