import {EXTENSION} from '../../store/files/artifact.ts';
import type {Expected, SessionNotices} from '../../store/notices/session-notices.ts';
import type {FolderWatch} from './folder-watch.ts';

/** Rechecks follow a change after so many milliseconds each: the rename that puts a record in place may go unreported. */
const AFTER_MS = [0, 15, 30, 60, 120, 250, 500, 1_000, 2_000];

export interface SessionWatchOptions {
  /** The folder that holds a folder for each project. */
  readonly root: string;
  readonly notices: SessionNotices;
  readonly watch: Pick<FolderWatch, 'listen'>;
  /** Called when something may have changed, more often than it has. */
  readonly recheck: () => void;
}

/**
 * Watches the records and notices that one session waits for. OpenCode's runtime reports the first of several quick
 * changes and drops the rest, so every change is followed by a short series of rechecks.
 */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #rechecks: Rechecks;
  readonly #unlisten = new Map<string, () => void>();
  /** The ids that the session waits to hear of or has not read. */
  #known: ReadonlySet<string> = new Set();
  #isClosed = false;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    this.#rechecks = new Rechecks(options.recheck);
  }

  /** Also follows what the session begins to wait for. */
  toNotices(): void {
    this.#listen(this.#options.notices.folder);
  }

  /** Follows these, and nothing else: nothing at all where there are none. */
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
    this.#rechecks.close();
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
        if (name === undefined) this.#options.recheck();
        else if (name === '' || this.#concerns(name, isRecords)) this.#rechecks.changed();
      }),
    );
  }

  /** Also the temporary file that a record is written to may be all that is heard of. */
  #concerns(name: string, isRecord: boolean): boolean {
    return isRecord ? this.#known.has(name.slice(0, name.indexOf(EXTENSION))) : /@[^.]+$/.test(name);
  }
}

/** Checks again and again for a short while after a change. A further change starts over. */
class Rechecks {
  readonly #recheck: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(recheck: () => void) {
    this.#recheck = recheck;
  }

  changed(): void {
    this.close();
    this.#next(performance.now(), 0);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #next(changedAt: number, n: number): void {
    const after = AFTER_MS[n];
    if (after === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#recheck();
        this.#next(changedAt, n + 1);
      },
      Math.max(0, changedAt + after - performance.now()),
    );
    this.#timer.unref();
  }
}
