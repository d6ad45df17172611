import {readdirSync, readFileSync, statSync} from 'node:fs';
import {chmod, mkdir, open, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type {Delegation, DelegationHead} from '../delegation/delegation.ts';
import {messageOf} from '../delegation/errors.ts';
import type {Store} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import {parseHead, parseRecord, renderRecord} from './record.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const EXTENSION = '.md';
/** Front matters are read in batches of this size, so that a first list of thousands blocks nobody for long. */
const SCAN_BATCH = 200;

/**
 * File systems stamp changes with the time of the last kernel tick, so two changes within one can look like
 * one. A folder that changed as recently as this is looked at again the next time.
 */
const STAMP_GRAIN_MS = 50;

/** What the index knows of one file: its head, or why it has none, as of the file's version. */
interface Indexed {
  readonly version: string;
  readonly head: DelegationHead | undefined;
}

interface ProjectIndex {
  /** The folder's version at the last scan: every whole write renames a file into it and so changes it. */
  version: string;
  readonly files: Map<string, Indexed>;
  /** Newest first. */
  heads: readonly DelegationHead[];
}

/**
 * One markdown file a delegation, in one folder a project. Whoever writes, writes whole files: several
 * processes can share a folder, and a crash leaves the old file or the new one.
 */
export class MarkdownStore implements Store {
  readonly #root: string;
  readonly #log: Logger;
  readonly #indexes = new Map<string, ProjectIndex>();
  readonly #scans = new Map<string, Promise<readonly DelegationHead[]>>();

  /** @param root the folder that holds a folder for each project; made when it is first needed. */
  constructor({root, log}: {root: string; log: Logger}) {
    this.#root = root;
    this.#log = log;
  }

  artifact(project: string, id: string): string {
    return join(this.#root, project, `${id}${EXTENSION}`);
  }

  async create(delegation: Delegation): Promise<boolean> {
    const path = this.artifact(delegation.project, delegation.id);
    await this.#makeFolder(delegation.project);
    // An empty file reserves the name against every other process; readers know it as not written yet.
    try {
      await (await open(path, 'wx', FILE_MODE)).close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    try {
      await this.write(delegation);
    } catch (error) {
      await rm(path, {force: true});
      throw error;
    }
    return true;
  }

  async write(delegation: Delegation): Promise<void> {
    const path = this.artifact(delegation.project, delegation.id);
    await writeFileAtomic(path, renderRecord(delegation), {mode: FILE_MODE, fsync: true});
  }

  async read(project: string, id: string): Promise<Delegation | undefined> {
    const path = this.artifact(project, id);
    let file: string;
    try {
      file = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#skip(path, error);
      return undefined;
    }
    if (file === '') return undefined;
    try {
      const record = parseRecord(file, project);
      if (record.id !== id) throw new Error(`it says that its id is ${record.id}`);
      return record;
    } catch (error) {
      this.#skip(path, error);
      return undefined;
    }
  }

  /** Reads only what has changed since the last time; while nothing has, it costs one look at the folder. */
  list(project: string): Promise<readonly DelegationHead[]> {
    const folder = join(this.#root, project);
    const index = this.#indexes.get(project);
    const version = versionOf(folder);
    if (version === undefined) return Promise.resolve([]);
    if (index?.version === version) return Promise.resolve(index.heads);
    // Whoever asks while a scan is under way may have seen a newer folder than it: then it scans once more.
    const running = this.#scans.get(project) ?? Promise.resolve([]);
    const scan = running.then(() => this.#scan(project, folder));
    this.#scans.set(project, scan);
    return scan.finally(() => {
      if (this.#scans.get(project) === scan) this.#scans.delete(project);
    });
  }

  async #scan(project: string, folder: string): Promise<readonly DelegationHead[]> {
    const version = versionOf(folder);
    if (version === undefined) return [];
    const isSettled = Date.now() - statSync(folder).mtimeMs > STAMP_GRAIN_MS;
    const index = this.#indexes.get(project) ?? {version: '', files: new Map<string, Indexed>(), heads: []};
    if (index.version === version) return index.heads;
    const names = readdirSync(folder).filter((name) => name.endsWith(EXTENSION));
    const present = new Set(names);
    for (const name of index.files.keys()) if (!present.has(name)) index.files.delete(name);
    for (const [n, name] of names.entries()) {
      this.#scanFile(project, folder, name, index.files);
      if (n % SCAN_BATCH === SCAN_BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    index.heads = [...index.files.values()]
      .flatMap(({head}) => (head === undefined ? [] : [head]))
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
    index.version = isSettled ? version : '';
    this.#indexes.set(project, index);
    return index.heads;
  }

  #scanFile(project: string, folder: string, name: string, files: Map<string, Indexed>): void {
    const path = join(folder, name);
    const version = versionOf(path);
    if (version === undefined) {
      files.delete(name);
      return;
    }
    if (files.get(name)?.version === version) return;
    files.set(name, {version, head: this.#readHead(path, project, name)});
  }

  #readHead(path: string, project: string, name: string): DelegationHead | undefined {
    try {
      const file = readFileSync(path, 'utf8');
      if (file === '') return undefined;
      const head = parseHead(file, project);
      if (`${head.id}${EXTENSION}` !== name) throw new Error(`it says that its id is ${head.id}`);
      return head;
    } catch (error) {
      this.#skip(path, error);
      return undefined;
    }
  }

  #skip(path: string, error: unknown): void {
    this.#log.warn(`${path} is skipped: ${messageOf(error)}`);
  }

  async #makeFolder(project: string): Promise<void> {
    const folder = join(this.#root, project);
    const made = await mkdir(folder, {recursive: true, mode: FOLDER_MODE});
    // The user's umask may have taken away more than we did, never less; a folder that was there stays.
    if (made !== undefined) await chmod(folder, FOLDER_MODE);
  }
}

/** Changes whenever the file or folder does; `undefined` when it is not there. */
function versionOf(path: string): string | undefined {
  const stats = statSync(path, {bigint: true, throwIfNoEntry: false});
  return stats === undefined ? undefined : `${stats.ino}.${stats.size}.${stats.mtimeNs}`;
}
