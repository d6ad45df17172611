import {EXTENSION} from '../store/artifact.ts';
import type {Expected, SessionNotices} from '../store/session-notices.ts';
import type {FolderWatch} from './folder-watch.ts';
import {Looks} from './looks.ts';

export interface AttentionOptions {
  /** The folder that holds a folder for each project. */
  readonly root: string;
  readonly notices: SessionNotices;
  readonly watch: FolderWatch;
  /** Called when something may have changed, more often than it has. */
  readonly look: () => void;
}

/** Hears of changes to what one session waits for. */
export class Attention {
  readonly #options: AttentionOptions;
  readonly #looks: Looks;
  readonly #unlisten = new Map<string, () => void>();
  /** The ids that the session waits to hear of or has not read. */
  #known: ReadonlySet<string> = new Set();
  #isClosed = false;

  constructor(options: AttentionOptions) {
    this.#options = options;
    this.#looks = new Looks(options.look);
  }

  /** From now on what the session begins to wait for is heard of. */
  toNotices(): void {
    this.#listen(this.#options.notices.folder);
  }

  /** From now on changes of these are heard of, and of those that are not among them no more. */
  to(expected: readonly Expected[]): void {
    this.#known = new Set(expected.map(({id}) => id));
    if (expected.length === 0) return;
    this.toNotices();
    for (const {project} of expected) this.#listen(`${this.#options.root}/${project}`);
  }

  close(): void {
    this.#isClosed = true;
    this.#looks.close();
    for (const unlisten of this.#unlisten.values()) unlisten();
    this.#unlisten.clear();
  }

  #listen(folder: string): void {
    if (this.#isClosed || this.#unlisten.has(folder)) return;
    const {watch, notices} = this.#options;
    const isRecords = folder !== notices.folder;
    this.#unlisten.set(
      folder,
      watch.listen(folder, (name) => {
        if (name === undefined || this.#concerns(name, isRecords)) this.#looks.changed();
      }),
    );
  }

  /** Also the temporary file that a record is written to may be all that is heard of. */
  #concerns(name: string, isRecord: boolean): boolean {
    return isRecord ? this.#known.has(name.slice(0, name.indexOf(EXTENSION))) : /@[^.]+$/.test(name);
  }
}
