import {chmod, mkdir, readdir, readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {Delegation, DelegationHead} from '../delegation/delegation.ts';
import {messageOf} from '../delegation/errors.ts';
import type {Store} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import {artifactIn} from './artifact.ts';
import {withClaim} from './claim.ts';
import {ProjectIndex} from './project-index.ts';
import {parseRecord, renderRecord} from './record.ts';
import {SessionNotices} from './session-notices.ts';
import {createWhole, replaceWhole, syncFolder} from './write-whole.ts';

/** The one folder beside those of projects that is none: no project has this name. */
export const WORKTREES = 'worktrees';
/** For its owner alone. */
const FOLDER_MODE = 0o700;

/**
 * One markdown file a delegation, in one folder a project. Whoever writes, writes whole files: several
 * processes can share a folder, and a crash leaves the old file or the new one.
 */
export class MarkdownStore implements Store {
  readonly #root: string;
  readonly #log: Logger;
  readonly #indexes = new Map<string, ProjectIndex>();

  /** @param root the folder that holds a folder for each project; made when it is first needed. */
  constructor({root, log}: {root: string; log: Logger}) {
    this.#root = root;
    this.#log = log;
  }

  artifact(project: string, id: string): string {
    return artifactIn(this.#root, project, id);
  }

  /** The record's file as it is, or `undefined` when there is none. */
  async text(project: string, id: string): Promise<string | undefined> {
    return readFile(this.artifact(project, id), 'utf8').catch(() => undefined);
  }

  /** How large the record's file is, and when it was last written; `undefined` when there is none. */
  async size(project: string, id: string): Promise<{bytes: number; writtenAt: number} | undefined> {
    const stats = await stat(this.artifact(project, id)).catch(() => undefined);
    return stats && {bytes: stats.size, writtenAt: stats.mtimeMs};
  }

  async create(delegation: Delegation): Promise<boolean> {
    const {project, id} = delegation;
    await this.#makeFolder(project);
    await this.#expectNotice(delegation);
    const version = await createWhole(this.artifact(project, id), renderRecord(delegation));
    if (version === undefined) return false;
    await syncFolder(join(this.#root, project));
    this.#note(delegation, version);
    return true;
  }

  async write(delegation: Delegation): Promise<void> {
    const {project, id} = delegation;
    const version = await replaceWhole(this.artifact(project, id), renderRecord(delegation));
    await syncFolder(join(this.#root, project));
    this.#note(delegation, version);
  }

  async read(project: string, id: string): Promise<Delegation | undefined> {
    const path = this.artifact(project, id);
    try {
      // To read a pipe would be to wait for whoever writes to it.
      if (!(await stat(path)).isFile()) throw new Error('it is no file');
      const file = await readFile(path, 'utf8');
      if (file === '') return undefined;
      const record = parseRecord(file, project);
      if (record.id !== id) throw new Error(`it says that its id is ${record.id}`);
      return record;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.warn(`${path} is skipped: ${messageOf(error)}`);
      }
      return undefined;
    }
  }

  list(project: string): Promise<readonly DelegationHead[]> {
    return this.#indexOf(project).list();
  }

  async projects(): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.#root, {withFileTypes: true});
      return entries
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== WORKTREES)
        .map(({name}) => name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.warn(`${this.#root} cannot be read: ${messageOf(error)}`);
      }
      return [];
    }
  }

  async exclusively<T>(project: string, id: string, action: () => Promise<T>): Promise<T | undefined> {
    await this.#makeFolder(project);
    return withClaim(join(this.#root, project, `${id}.claim`), action);
  }

  #note({prompt: _, text: __, ...head}: Delegation, version: string): void {
    this.#indexOf(head.project).put(head, version);
  }

  #indexOf(project: string): ProjectIndex {
    const known = this.#indexes.get(project);
    if (known !== undefined) return known;
    const index = new ProjectIndex({project, folder: join(this.#root, project), log: this.#log});
    this.#indexes.set(project, index);
    return index;
  }

  /** Before the record is there: afterwards a crash could leave one whose end nobody would tell. */
  async #expectNotice({parent, project, id}: Delegation): Promise<void> {
    if (parent === undefined) return;
    try {
      await new SessionNotices(this.#root, parent.session).expect({project, id});
    } catch (error) {
      // The work matters more than the notice: without it, all is as it is for every other client.
      this.#log.warn(`${id}: session ${parent.session} will not be told of its end: ${messageOf(error)}`);
    }
  }

  async #makeFolder(project: string): Promise<void> {
    const folder = join(this.#root, project);
    const made = await mkdir(folder, {recursive: true, mode: FOLDER_MODE});
    // The user's umask may have taken away more than we did, never less; a folder that was there stays.
    if (made === undefined) return;
    await chmod(folder, FOLDER_MODE);
    await syncFolder(this.#root);
  }
}
