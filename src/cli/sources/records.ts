import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {dataDirOf} from '../../base/data-dir.ts';
import type {Logger} from '../../base/log.ts';
import {wholeOf} from '../../base/whole-file.ts';
import {dayOf} from '../../delegation/model/ceiling.ts';
import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import type {Delegation, DelegationHead, Named} from '../../delegation/model/delegation.ts';
import {THREE_WORDS} from '../../delegation/model/id.ts';
import {keptConversation} from '../../store/conversations.ts';
import {EXTENSION} from '../../store/files/artifact.ts';
import {isProjectName} from '../../store/files/project-name.ts';
import {OpenMarks} from '../../store/index/open-marks.ts';
import {MarkdownStore} from '../../store/markdown-store.ts';
import {parseHead} from '../../store/record/record.ts';
import {removeRecord} from '../../store/remove-record.ts';

/** What a person is not told about while they only look. */
export const QUIET: Logger = {debug() {}, info() {}, warn() {}, error() {}};

/** The records of a data folder, as they are on disk, for commands that look once and end. */
export class RecordsOnDisk {
  readonly root: string;
  readonly #store: MarkdownStore;

  constructor(env: NodeJS.ProcessEnv) {
    this.root = dataDirOf(env);
    this.#store = new MarkdownStore({root: this.root, log: QUIET});
  }

  /** The project that a directory belongs to. */
  projectOf(directory: string): Promise<string> {
    return this.#store.projectOf(directory);
  }

  has(project: string, head: Pick<DelegationHead, 'project' | 'directory'>): boolean {
    return this.#store.has(project, head);
  }

  /** Every project that has a folder. */
  projects(): readonly string[] {
    // Beside the projects there are few other names, and none like theirs.
    return namesIn(this.root).filter((name) => isProjectName(name));
  }

  /** Every record of the project, or of all where none is named, newest first. */
  async all(project?: string): Promise<readonly DelegationHead[]> {
    const projects = project === undefined ? this.projects() : [project];
    const listings = await Promise.all(projects.map((one) => this.#store.list(one)));
    return listings.flatMap(({heads}) => heads).sort((a, b) => b.createdAt - a.createdAt);
  }

  /**
   * Those records that were written last, so many, newest first: of thousands only these are read. A record is written
   * at its beginning, at its end, and when it is read.
   */
  newest(limit: number, project?: string): readonly DelegationHead[] {
    const folders = project === undefined ? this.projects() : this.#store.foldersOf(project);
    const files = folders.flatMap((folder) => this.#filesIn(folder));
    const heads = files
      .sort((a, b) => b.writtenAt - a.writtenAt)
      .slice(0, limit)
      .flatMap(({folder, id}) => this.#headOf(folder, id));
    const own = heads.filter((head) => project === undefined || this.has(project, head));
    return own.sort((a, b) => b.createdAt - a.createdAt);
  }

  /** Those that have no end, as far as that is marked. @param isWanted says which of them are worth reading. */
  async open(isWanted: (named: Named) => boolean = () => true): Promise<readonly DelegationHead[]> {
    const {open} = await new OpenMarks(this.root).all();
    return open.filter(isWanted).flatMap(({project, id}) => this.#headOf(project, id));
  }

  /** What the delegations of all projects have cost today, in US dollars. */
  spentToday(): Promise<number> {
    return this.#store.spentSince(dayOf(Date.now()).from, () => false);
  }

  /** The whole record; `undefined` when there is none that can be understood. */
  read({project, id}: Named): Promise<Delegation | undefined> {
    return this.#store.read(project, id);
  }

  /** The record's file as it is. */
  text({project, id}: Named): Promise<string | undefined> {
    return this.#store.text(project, id);
  }

  artifact({project, id}: Named): string {
    return this.#store.artifact(project, id);
  }

  /** Runs the action unless another process is at the same record: then it resolves to `undefined`. */
  exclusively<T>({project, id}: Named, action: () => Promise<T>): Promise<T | undefined> {
    return this.#store.exclusively(project, id, action);
  }

  /** Stores a new record. @returns false where there is one of that id. */
  create(record: Delegation): Promise<boolean> {
    return this.#store.create(record);
  }

  /** Keeps what an agent has said beside its record. */
  keepConversation(named: Named, entries: readonly ConversationEntry[]): Promise<void> {
    return this.#store.keepConversation(named, entries);
  }

  /** What was kept like that; `undefined` where nothing was. */
  keptConversation(named: Named): Promise<readonly ConversationEntry[] | undefined> {
    return keptConversation(this.root, named);
  }

  /** Removes a record of a delegation that has ended, for good. @throws when it cannot be removed. */
  remove(head: DelegationHead): Promise<void> {
    return removeRecord(this.root, head);
  }

  /** In which projects there is a record of this id. */
  withId(id: string): readonly string[] {
    return this.projects().filter((project) => existsSync(this.artifact({project, id})));
  }

  /** The ids of a project, or of all where none is named. */
  ids(project?: string): readonly Named[] {
    const folders = project === undefined ? this.projects() : this.#store.foldersOf(project);
    return folders.flatMap((folder) =>
      namesIn(join(this.root, folder)).flatMap((name) => {
        const id = idOf(name);
        return id === undefined ? [] : [{project: folder, id}];
      }),
    );
  }

  #filesIn(folder: string): readonly {folder: string; id: string; writtenAt: number}[] {
    const path = join(this.root, folder);
    return namesIn(path).flatMap((name) => {
      const id = idOf(name);
      const stats = id === undefined ? undefined : statSync(`${path}/${name}`, {throwIfNoEntry: false});
      return id === undefined || stats === undefined ? [] : [{folder, id, writtenAt: stats.mtimeMs}];
    });
  }

  /** None where it cannot be understood, or is no more. */
  #headOf(project: string, id: string): readonly DelegationHead[] {
    try {
      return [parseHead(wholeOf(this.artifact({project, id})), project)];
    } catch {
      return [];
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Nobody has delegated there yet.
    return [];
  }
}

function idOf(name: string): string | undefined {
  const id = name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : '';
  return THREE_WORDS.test(id) ? id : undefined;
}
