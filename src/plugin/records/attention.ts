import {EXTENSION} from '../../store/files/artifact.ts';
import type {Expected, SessionNotices} from '../../store/notices/session-notices.ts';
import type {FolderWatch} from './folder-watch.ts';
import {Looks} from './rechecks.ts';

export interface AttentionOptions {
  /** The folder that holds a folder for each project. */
  readonly root: string;
  readonly notices: SessionNotices;
  readonly watch: Pick<FolderWatch, 'listen'>;
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

  /** From now on changes of these are heard of, and of what is not among them no more: of nothing where there are none. */
  to(expected: readonly Expected[]): void {
    const {root, notices} = this.#options;
    this.#known = new Set(expected.map(({id}) => id));
    const records = expected.map(({project}) => `${root}/${project}`);
    const wanted = new Set(records.length === 0 ? [] : [notices.folder, ...records]);
    for (const [folder, unlisten] of this.#unlisten) {
      if (wanted.has(folder)) continue;
      unlisten();
      this.#unlisten.delete(folder);
    }
    for (const folder of wanted) this.#listen(folder);
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
        if (name === undefined) this.#options.look();
        else if (name === '' || this.#concerns(name, isRecords)) this.#looks.changed();
      }),
    );
  }

  /** Also the temporary file that a record is written to may be all that is heard of. */
  #concerns(name: string, isRecord: boolean): boolean {
    return isRecord ? this.#known.has(name.slice(0, name.indexOf(EXTENSION))) : /@[^.]+$/.test(name);
  }
}
