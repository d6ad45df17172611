import {asksOf, type Delegation, type DelegationHead, type Named} from '../delegation/model/delegation.ts';
import type {Requested} from '../report/notice.ts';
import type {Expected} from '../store/notices/session-notices.ts';
import type {Projects} from '../store/projects/projects.ts';
import {isTheSame} from './ledger.ts';
import type {QuickLook} from './quick-look.ts';
import {MAX_NAMED} from './words.ts';

export interface NewsOptions {
  readonly look: QuickLook;
  readonly projects: Projects;
  readonly project: string;
  /** The client's session: of a delegation that another session of OpenCode has asked for, that one is told. */
  readonly session: string | undefined;
}

/** What there is to tell of a project, as the files have it. */
export class News {
  readonly #options: NewsOptions;
  readonly #folders: readonly string[];

  constructor(options: NewsOptions) {
    const {projects, project} = options;
    this.#options = options;
    this.#folders = [project, ...projects.earlierOf(project)];
  }

  /** Those that have ended and that nobody has read, newest end first. @param known what need not be looked at. */
  async ended(known: readonly Named[] = [], since = 0): Promise<readonly DelegationHead[]> {
    const {look} = this.#options;
    const unread = await look.unread(this.#folders, since);
    const heads: DelegationHead[] = [];
    for (const named of unread) {
      if (heads.length >= MAX_NAMED && look.isLate()) break;
      if (known.some((one) => isTheSame(one, named))) continue;
      const head = await look.head(named);
      if (head !== undefined && this.#isOurs(head)) heads.push(head);
    }
    return heads.sort((a, b) => endedAt(b) - endedAt(a));
  }

  /** Those that have no end, as far as that is marked. */
  open(): Promise<readonly Named[]> {
    return this.#options.look.open(this.#folders);
  }

  /** What agents wait for an answer to, but for what was told. */
  async requests(known: readonly Expected[] = []): Promise<readonly Requested[]> {
    const {look} = this.#options;
    const requested: Requested[] = [];
    for (const named of await this.open()) {
      if (!look.isBlocked(named)) continue;
      const head = await look.head(named);
      if (head === undefined || !this.#isOurs(head)) continue;
      const told = known.find((one) => isTheSame(one, named))?.requests ?? [];
      const asks = asksOf(head).filter(({number}) => !told.includes(number));
      requested.push(...asks.map((ask) => ({head, ask})));
    }
    return requested;
  }

  /** Those that have no end, the newest first, and how many others there are. */
  async running(most: number): Promise<{readonly newest: readonly Delegation[]; readonly omitted: number}> {
    const {look} = this.#options;
    const open = await this.open();
    const records = await Promise.all(open.map((named) => look.whole(named)));
    const ours = records.filter((record) => record !== undefined).filter((record) => this.#isOurs(record));
    const newest = [...ours].sort((a, b) => b.createdAt - a.createdAt).slice(0, most);
    return {newest, omitted: ours.length - newest.length};
  }

  #isOurs(head: DelegationHead): boolean {
    const {projects, project, session} = this.#options;
    const isOfSession = head.parent === undefined || head.parent.session === session;
    return isOfSession && projects.has(project, head);
  }
}

/** In milliseconds since the epoch; 0 where it has not ended. */
export function endedAt({state}: DelegationHead): number {
  return 'endedAt' in state ? state.endedAt : 0;
}
