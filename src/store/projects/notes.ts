import {promises} from 'node:fs';
import {join} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {textDigest} from '../../base/text-digest.ts';
import {wholeOf} from '../../base/whole-file.ts';
import {createWhole, syncFolder} from '../files/write-whole.ts';
import {type Note, noteIn} from './note.ts';

/** Beside the folders of the projects; no project's name begins with a dot. */
const FOLDER = '.projects';
/** For its owner alone. */
const FOLDER_MODE = 0o700;

export interface NotesOptions {
  /** The folder that holds a folder for each project. */
  readonly root: string;
  readonly log: Logger;
  /** False for one who only looks: what nobody has written down is found out each time. Default: true. */
  readonly mayWrite?: boolean;
}

/**
 * What is written down of projects: one small file for each thing that tells one, written once and never changed. What
 * is to be added later about the same thing becomes the next note in line.
 */
export class Notes {
  readonly #root: string;
  readonly #folder: string;
  readonly #log: Logger;
  readonly #mayWrite: boolean;

  constructor({root, log, mayWrite = true}: NotesOptions) {
    this.#root = root;
    this.#mayWrite = mayWrite;
    this.#folder = join(root, FOLDER);
    this.#log = log;
  }

  /** `undefined` where nothing is written down that can be understood. */
  read(of: string): Note | undefined {
    try {
      const read = noteIn(JSON.parse(wholeOf(this.#pathOf(of))));
      return read?.of === of ? read : undefined;
    } catch {
      return undefined;
    }
  }

  /** All notes about a thing, the oldest first. */
  all(of: string): readonly Note[] {
    const notes: Note[] = [];
    for (;;) {
      const next = this.read(nth(of, notes.length + 1));
      if (next === undefined) return notes;
      notes.push(next);
    }
  }

  /** The newest note about a thing. */
  last(of: string): Note | undefined {
    return this.all(of).at(-1);
  }

  /** Writes the next note in line, unless another process has been first. Resolves with what stands there then. */
  add(wanted: Note): Promise<Note> {
    return this.write({...wanted, of: nth(wanted.of, this.all(wanted.of).length + 1)});
  }

  /**
   * Writes it down, unless another process has been first. Resolves with what stands there then. Where it cannot be
   * written, it is found out again the next time, with the same result while nothing changes.
   */
  async write(wanted: Note): Promise<Note> {
    if (!this.#mayWrite) return wanted;
    try {
      const made = await promises.mkdir(this.#folder, {recursive: true, mode: FOLDER_MODE});
      if (made !== undefined) await syncFolder(this.#root);
      const text = `${JSON.stringify(wanted)}\n`;
      const isFirst = (await createWhole(this.#pathOf(wanted.of), text)) !== undefined;
      if (isFirst) await syncFolder(this.#folder);
      return this.read(wanted.of) ?? wanted;
    } catch (error) {
      const {place, name} = wanted;
      this.#log.warn(`that ${place} has the project ${name} was not written down: ${messageOf(error)}`);
      return wanted;
    }
  }

  #pathOf(of: string): string {
    return join(this.#folder, `${textDigest(of).slice(0, 32)}.json`);
  }
}

/** The first is called as in earlier versions, which had no other. */
function nth(of: string, n: number): string {
  return n === 1 ? of : `${n} of ${of}`;
}
