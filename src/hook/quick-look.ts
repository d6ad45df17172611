import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {messageOf} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {wholeOf} from '../base/whole-file.ts';
import type {Delegation, DelegationHead, Named} from '../delegation/model/delegation.ts';
import {THREE_WORDS} from '../delegation/model/id.ts';
import {artifactIn, EXTENSION} from '../store/files/artifact.ts';
import {markName} from '../store/files/mark-name.ts';
import {fileBeginningOf} from '../store/files/read-file.ts';
import {Words} from '../store/files/words.ts';
import {OpenMarks} from '../store/index/open-marks.ts';
import {FENCE, hasEndedAtSight, headIn} from '../store/record/beginning.ts';
import {ordinaryMatter} from '../store/record/ordinary-matter.ts';

/** File systems stamp changes with the time of the last kernel tick, and some with whole seconds. */
const STAMP_GRAIN_MS = 2_000;
/** So many are looked at in any order: all of them take less time than a prompt notices. */
const ANY_ORDER = 2_000;

export interface QuickLookOptions {
  /** The folder that holds a folder for each project. */
  readonly root: string;
  readonly log: Logger;
  /** From then on, in milliseconds of this process, nothing more is looked at. Default: never. */
  readonly lateAt?: number;
  /** Gets the reader of whole records: for what is unusual alone, as it takes long to load. */
  readonly wholeReader: () => Promise<WholeReader>;
}

interface WholeReader {
  /** @throws for what is no record. */
  parseRecord(file: string, project: string): Delegation;
}

/**
 * A look at the records of a project that takes as long as the file system does: what matters is in the first lines of
 * a file, and nothing is parsed of what nobody is to be told.
 */
export class QuickLook {
  readonly #options: QuickLookOptions;
  #seen = 0;

  constructor(options: QuickLookOptions) {
    this.#options = options;
  }

  /** How many records there were to look at. */
  get seen(): number {
    return this.#seen;
  }

  /**
   * Those that have ended and that nobody has read.
   * @param since only what has changed since then, in milliseconds since the epoch.
   */
  async unread(folders: readonly string[], since: number): Promise<readonly Named[]> {
    // Every whole write of a record changes its folder: mostly there is nothing to look at.
    const due = folders.filter((project) => this.#changedAt(join(this.#options.root, project)) > since);
    if (due.length === 0) return [];
    const all = due.flatMap((project) => this.#idsIn(project).map((id) => ({project, id})));
    this.#seen = all.length;
    const words = await new Words(this.#options.root, 'read').all().catch(() => []);
    const read = new Set(words.map(markName));
    const unread: Named[] = [];
    for (const [at, named] of this.#newestFirst(all).entries()) {
      // A timer would not run before this loop is over.
      if (this.isLate()) {
        this.#options.log.warn(`The hook looked at ${at} of ${all.length} records, and was out of time.`);
        break;
      }
      const isDue = since === 0 || this.#changedAt(this.artifact(named)) > since;
      if (isDue && !read.has(markName(named)) && this.isUnread(named)) unread.push(named);
    }
    return unread;
  }

  /** True when a prompt has waited long enough: what was found by then is told. */
  isLate(): boolean {
    return process.uptime() * 1_000 > (this.#options.lateAt ?? Number.POSITIVE_INFINITY);
  }

  /** True where its file says that it has ended, and not that it was read. */
  isUnread(named: Named): boolean {
    const beginning = this.#beginningOf(named);
    return beginning !== undefined && hasEndedAtSight(beginning) && !hasLine(beginning, 'read: ');
  }

  /** Those that have no end, as far as that is marked. */
  async open(folders: readonly string[]): Promise<readonly Named[]> {
    const {open} = await new OpenMarks(this.#options.root).all().catch(() => ({open: []}));
    return open.filter(({project}) => folders.includes(project));
  }

  /** True where its agent waits for an answer. */
  isBlocked(named: Named): boolean {
    const beginning = this.#beginningOf(named);
    return beginning !== undefined && hasLine(beginning, 'asks:');
  }

  /** The record without its long texts; `undefined` where there is none that can be understood. */
  async head(named: Named): Promise<DelegationHead | undefined> {
    return this.#understood(named, async () => {
      const {bytes, stats} = fileBeginningOf(this.artifact(named));
      const size = Number(stats.size);
      const head = headIn(bytes, {size, project: named.project, read: ordinaryMatter});
      return head ?? this.#whole(named);
    });
  }

  /** All of it; `undefined` where there is none that can be understood. */
  async whole(named: Named): Promise<Delegation | undefined> {
    return this.#understood(named, () => this.#whole(named));
  }

  artifact({project, id}: Named): string {
    return artifactIn(this.#options.root, project, id);
  }

  async #understood<T extends Named>(named: Named, read: () => Promise<T>): Promise<T | undefined> {
    try {
      const record = await read();
      if (record.id !== named.id) throw new Error(`it says that its id is ${record.id}`);
      return record;
    } catch (error) {
      this.#options.log.warn(`${this.artifact(named)} is skipped: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #whole(named: Named): Promise<Delegation> {
    const {parseRecord} = await this.#options.wholeReader();
    return parseRecord(wholeOf(this.artifact(named)), named.project);
  }

  #idsIn(project: string): readonly string[] {
    try {
      const names = readdirSync(join(this.#options.root, project));
      const ids = names
        .filter((name) => name.endsWith(EXTENSION))
        .map((name) => name.slice(0, -EXTENSION.length));
      return ids.filter((id) => THREE_WORDS.test(id));
    } catch {
      // Nobody has delegated there yet.
      return [];
    }
  }

  /** Where there may be no time to look at all of them, by when their files have changed. */
  #newestFirst(all: readonly Named[]): readonly Named[] {
    if (all.length <= ANY_ORDER) return all;
    const changed = all.map((named) => ({
      named,
      at: this.isLate() ? 0 : this.#changedAt(this.artifact(named)),
    }));
    return changed.sort((a, b) => b.at - a.at).map(({named}) => named);
  }

  /** At the latest; 0 where nothing is there. */
  #changedAt(path: string): number {
    const stats = statSync(path, {throwIfNoEntry: false});
    return stats === undefined ? 0 : stats.mtimeMs + STAMP_GRAIN_MS;
  }

  /**
   * The first bytes of a record, all of its front matter among them; they last until the next call. `undefined` for what is
   * none: nobody knows how long it is, and a pipe would never end.
   */
  #beginningOf(named: Named): Buffer | undefined {
    try {
      const path = this.artifact(named);
      const {bytes} = fileBeginningOf(path);
      if (bytes.toString('latin1', 0, FENCE.length) !== FENCE) return undefined;
      return endOf(bytes) === -1 ? Buffer.from(wholeOf(path)) : bytes;
    } catch {
      // It was removed since, or is none of ours.
      return undefined;
    }
  }
}

/** Where the front matter ends. */
function endOf(record: Buffer): number {
  return record.indexOf(`\n${FENCE}`, FENCE.length - 1);
}

/** True where the front matter has a line that begins so: within a text of several lines, all are indented. */
function hasLine(record: Buffer, beginning: string): boolean {
  const at = record.indexOf(`\n${beginning}`);
  return at !== -1 && at < endOf(record);
}
