import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {wholeOf} from '../files/read-file.ts';
import {createWhole, syncFolder} from '../files/write-whole.ts';
import {nameDigestOf} from './names.ts';

/** Beside the folders of the projects; no project's name begins with a dot. */
const FOLDER = '.projects';
/** For its owner alone. */
const FOLDER_MODE = 0o700;

/** The directories of records that are in the folders of earlier versions, by the name of the folder. */
const earlier = z.record(z.string(), z.array(z.string()));

/** What tells a repository from another one at the same path. */
const made = z.object({
  /** Of the folder that it lies in. */
  folder: z.string().optional(),
  /** Of the repository itself, in milliseconds since the epoch. */
  repository: z.number().optional(),
  /** Where it was cloned from. */
  origin: z.string().optional(),
});

const note = z.object({
  /** What it is about. */
  of: z.string(),
  /** Of the project. */
  name: z.string(),
  /** The folder that it was written down for. */
  place: z.string(),
  earlier: earlier.default({}),
  /** What the place was then; absent in older notes, and of what is no repository. */
  made: made.optional(),
});

export type Earlier = Readonly<z.output<typeof earlier>>;
export type Made = Readonly<z.output<typeof made>>;
export type Note = Readonly<z.output<typeof note>>;

/** What is written down of projects: one small file for each thing that tells one, written once and never changed. */
export class Notes {
  readonly #root: string;
  readonly #folder: string;

  /** @param root the folder that holds a folder for each project. */
  constructor(root: string) {
    this.#root = root;
    this.#folder = join(root, FOLDER);
  }

  /** `undefined` where nothing is written down that can be understood. */
  read(of: string): Note | undefined {
    try {
      const read = note.parse(JSON.parse(wholeOf(this.#pathOf(of))));
      return read.of === of ? read : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Writes it down, unless another process has been first. Resolves with what stands there then.
   * @throws when it cannot be written.
   */
  async write(wanted: Note): Promise<Note> {
    const made = await mkdir(this.#folder, {recursive: true, mode: FOLDER_MODE});
    if (made !== undefined) await syncFolder(this.#root);
    const isFirst = (await createWhole(this.#pathOf(wanted.of), `${JSON.stringify(wanted)}\n`)) !== undefined;
    if (isFirst) await syncFolder(this.#folder);
    return this.read(wanted.of) ?? wanted;
  }

  #pathOf(of: string): string {
    return join(this.#folder, `${nameDigestOf(of).slice(0, 32)}.json`);
  }
}
