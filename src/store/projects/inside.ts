import {existsSync} from 'node:fs';
import {differs, type Identity} from './identity.ts';
import type {Note} from './note.ts';
import type {Notes} from './notes.ts';

/** A directory in a repository. */
export interface InRepository {
  readonly commonDir: string;
  /** Of the repository's project. */
  readonly name: string;
  readonly now: Identity;
}

/** Which project a directory inside a repository had, for when its repository or its worktree is gone. */
export class InsideNotes {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** Writes it down where it is new. */
  async keep(path: string, {commonDir, name, now}: InRepository): Promise<void> {
    const known = this.#notes.last(insideNote(path));
    const isKnown = known?.name === name && known.place === commonDir && known.is?.folder === now.folder;
    if (isKnown || !existsSync(path)) return;
    await this.#notes.add({of: insideNote(path), name, place: commonDir, is: now, earlier: {}});
  }

  /** What is known of the same folder, or of one that was a worktree of a repository that is still there. */
  find(path: string, now: Identity): Note | undefined {
    const note = this.#notes.last(insideNote(path));
    const isOther = note?.is !== undefined && differs(note.is, now, 'folder') && !existsSync(note.place);
    return isOther ? undefined : note;
  }
}

function insideNote(path: string): string {
  return `inside ${path}`;
}
