import {readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {wholeOf} from '../base/whole-file.ts';
import type {ConversationEntry} from '../delegation/model/conversation.ts';
import {type Delegation, type DelegationHead, hasEnded, type Named} from '../delegation/model/delegation.ts';
import type {Listing} from '../delegation/model/listing.ts';
import type {Store} from '../delegation/model/ports.ts';
import {keepConversation} from './conversations.ts';
import {artifactIn} from './files/artifact.ts';
import {withClaim} from './files/claim.ts';
import {Words} from './files/words.ts';
import {createWhole, replaceWhole, syncFile, syncFolder} from './files/write-whole.ts';
import {OpenMarks} from './index/open-marks.ts';
import {ProjectIndexes} from './index/project-indexes.ts';
import {ProjectViews} from './index/project-views.ts';
import {SpentMarks} from './index/spent.ts';
import {unfinished} from './index/unfinished.ts';
import {tellAgain, tidyNotices} from './notices/notice-folders.ts';
import {SessionNotices} from './notices/session-notices.ts';
import {ProjectFolders} from './project-folders.ts';
import {Projects} from './projects/projects.ts';
import {parseRecord, renderRecord} from './record/record.ts';
import {removeProject} from './remove-project.ts';

/**
 * One markdown file a delegation, in one folder a project. Anyone who writes, writes whole files: several
 * processes can share a folder, and a crash leaves the old file or the new one.
 */
export class MarkdownStore implements Store {
  readonly #root: string;
  readonly #log: Logger;
  readonly #folders: ProjectFolders;
  readonly #cancels: Words;
  readonly #reads: Words;
  readonly #marks: OpenMarks;
  readonly #spent: SpentMarks;
  readonly #indexes: ProjectIndexes;
  readonly #known: Projects;
  readonly #views: ProjectViews;

  /** @param root the folder that holds a folder for each project; made when it is first needed. */
  constructor({root, log}: {root: string; log: Logger}) {
    this.#root = root;
    this.#cancels = new Words(root, 'cancel');
    this.#reads = new Words(root, 'read');
    this.#log = log;
    this.#marks = new OpenMarks(root);
    this.#spent = new SpentMarks({root, log});
    // Without the mark, it is found out by the one who starts next.
    const onMade = (project: string) => this.#marks.complete(project).catch(() => {});
    this.#folders = new ProjectFolders({root, log, onMade});
    this.#indexes = new ProjectIndexes({root, log});
    const heads = async (folder: string) => (await this.#indexes.of(folder).list()).heads;
    this.#known = new Projects({root, log, heads});
    this.#views = new ProjectViews(this.#known, (folder) => this.#indexes.of(folder));
  }

  /** The project that a directory belongs to. Never rejects. */
  projectOf(directory: string): Promise<string> {
    return this.#known.of(directory);
  }

  has(project: string, head: Pick<DelegationHead, 'project' | 'directory'>): boolean {
    return this.#known.has(project, head);
  }

  artifact(project: string, id: string): string {
    return artifactIn(this.#root, project, id);
  }

  /** The folders that have records of a project: its own, and those of earlier versions where they have some. */
  foldersOf(project: string): readonly string[] {
    return [project, ...this.#known.earlierOf(project)];
  }

  /** The record's file as it is, or `undefined` when there is none. */
  async text(project: string, id: string): Promise<string | undefined> {
    // To read a pipe would be to wait for the one who writes to it.
    if ((await this.size(project, id)) === undefined) return undefined;
    return readFile(this.artifact(project, id), 'utf8').catch(() => undefined);
  }

  /** How large the record's file is, and when it was last written; `undefined` when there is none. */
  async size(project: string, id: string): Promise<{bytes: number; writtenAt: number} | undefined> {
    const stats = await stat(this.artifact(project, id)).catch(() => undefined);
    return stats?.isFile() ? {bytes: stats.size, writtenAt: stats.mtimeMs} : undefined;
  }

  async create(delegation: Delegation): Promise<boolean> {
    const {project, id} = delegation;
    await this.#expectNotice(delegation);
    const isMarked = await this.#expectEnd(delegation);
    const file = renderRecord(delegation);
    const version = await this.#folders
      .within(project, () => createWhole(this.artifact(project, id), file, {isHurried: true}))
      .catch(async (error: unknown) => {
        if (isMarked) await this.#marks.remove(delegation).catch(() => {});
        throw error;
      });
    if (version === undefined) return false;
    void this.#syncCreated(delegation);
    this.#note(delegation, version);
    return true;
  }

  /**
   * Nobody waits for it: one who was told that the record is there was told so on this machine, and would have lost
   * that with the same power cut. The record's end is waited for.
   */
  async #syncCreated({project, id}: Delegation): Promise<void> {
    try {
      // Without its mark, nobody would look for its end.
      await this.#marks.sync().catch(() => {});
      await syncFile(this.artifact(project, id));
      await syncFolder(join(this.#root, project));
    } catch (error) {
      // It may be removed by now. Every further write of it waits for the disk.
      this.#log.debug(`${id} may not survive a power cut yet: ${messageOf(error)}`);
    }
  }

  async write(delegation: Delegation): Promise<void> {
    const {project, id, state} = delegation;
    const before = this.#indexes.known(delegation);
    const hadEnded = before !== undefined && hasEnded(before.state);
    if (!hadEnded) await this.#spent.note(delegation);
    const version = await replaceWhole(this.artifact(project, id), renderRecord(delegation));
    // An end that is there already is there in either text.
    if (!hadEnded) await syncFolder(join(this.#root, project));
    this.#note(delegation, version);
    // One that stays is removed by the one who looks at the record because of it.
    if (hasEnded(state) && !hadEnded) await this.#marks.remove(delegation).catch(() => {});
  }

  async read(project: string, id: string): Promise<Delegation | undefined> {
    const own = this.#read(project, id);
    if (own !== undefined) return own;
    const earlier = this.#known.earlierOf(project).map((folder) => this.#read(folder, id));
    return earlier.find((record) => record !== undefined && this.#known.has(project, record));
  }

  #read(project: string, id: string): Delegation | undefined {
    const path = this.artifact(project, id);
    try {
      const file = wholeOf(path);
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

  list(project: string): Promise<Listing> {
    return this.#views.list(project);
  }

  peek(project: string): Promise<Listing | undefined> {
    return this.#views.peek(project);
  }

  unfinished(): AsyncIterable<readonly DelegationHead[]> {
    return unfinished({
      ...{root: this.#root, marks: this.#marks, log: this.#log},
      projects: () => this.#folders.all(),
      read: ({project, id}) => this.read(project, id),
    });
  }

  async exclusively<T>(project: string, id: string, action: () => Promise<T>): Promise<T | undefined> {
    await this.#folders.make(project);
    return withClaim(join(this.#root, project, `${id}.claim`), action);
  }

  /** As {@link keepConversation}. */
  keepConversation(named: Named, entries: readonly ConversationEntry[]): Promise<void> {
    return keepConversation(this.#root, named, entries);
  }

  /** As {@link removeProject}. */
  removeProject(project: string): Promise<void> {
    return removeProject(this.#root, project, {spent: this.#spent});
  }

  /** Removes what sessions that nobody is in any more have left, and words that nobody will take. Never rejects. */
  async tidy(): Promise<void> {
    await Promise.all([tidyNotices(this.#root), this.#cancels.tidy(), this.#spent.tidy()]);
  }

  async spentSince(at: number, isKnownBetter: (named: Named) => boolean): Promise<number> {
    const {open} = await this.#marks.all().catch(() => ({open: []}));
    return this.#spent.since(at, open, isKnownBetter);
  }

  askToCancel(named: Named): Promise<void> {
    return this.#cancels.add(named);
  }

  cancels(): Promise<readonly Named[]> {
    return this.#cancels.all();
  }

  dropCancel(named: Named): Promise<void> {
    return this.#cancels.remove(named);
  }

  reads(): Promise<readonly Named[]> {
    return this.#reads.all();
  }

  dropRead(named: Named): Promise<void> {
    return this.#reads.remove(named);
  }

  tellAgain(head: DelegationHead): Promise<void> {
    return tellAgain(this.#root, head);
  }

  #note({prompt: _, text: __, ...head}: Delegation, version: string): void {
    this.#indexes.put(head, version);
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

  /** Before the record is there, for the same reason. True when this has made the mark. */
  async #expectEnd({project, id}: Delegation): Promise<boolean> {
    try {
      return await this.#marks.make({project, id});
    } catch (error) {
      this.#log.warn(`${id}: that it has no end yet could not be marked: ${messageOf(error)}`);
      await this.#marks.incomplete(project).catch(() => {});
      return false;
    }
  }
}
