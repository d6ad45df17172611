import {join, posix, relative, sep} from 'node:path';
import {messageOf, Refusal} from '../../base/errors.ts';
import type {
  SettledWorktree,
  WorkInWorktree,
  Worktree,
  WorktreeOptions,
  WorktreePlan,
  Worktrees,
} from '../../delegation/model/worktree.ts';
import {HARVEST} from '../mail/letters.ts';
import type {ClientCode, Departure, Sent} from './code.ts';
import type {PoolLedger} from './ledger.ts';
import type {PoolLink} from './link.ts';

export interface PoolWorktreesOptions {
  readonly link: PoolLink;
  readonly code: ClientCode;
  readonly ledger: PoolLedger;
  /** The folder that worktrees are made in: what runs elsewhere has a place there that is never made. */
  readonly root: string;
}

/** Worktrees that are on the machine of a worker, and of which the branch comes home. */
export class PoolWorktrees implements Worktrees {
  readonly #options: PoolWorktreesOptions;
  readonly #departures = new WeakMap<WorktreePlan, Departure>();

  constructor(options: PoolWorktreesOptions) {
    this.#options = options;
  }

  async plan(directory: string, {includeChanges = false}: WorktreeOptions = {}): Promise<WorktreePlan> {
    const departure = await this.#options.code.depart(directory, {includeChanges});
    const {checkout, commonDir, travel, notes} = departure;
    const plan = {checkout, commonDir, prefix: travel.prefix, base: travel.commit, notes};
    this.#departures.set(plan, departure);
    return plan;
  }

  /** From here on, what travels is kept for the job. */
  place(plan: WorktreePlan, {project, id}: {project: string; id: string}): Worktree {
    const {checkout, prefix, base, commonDir} = plan;
    const {link, ledger} = this.#options;
    ledger.add(link.jobOf({project, id}), {project, id}, this.#departures.get(plan));
    const path = join(this.#options.root, project, id);
    return {checkout, path, directory: join(path, prefix), branch: `delegation/${id}`, base, commonDir};
  }

  /** The worker makes it. */
  async open(worktree: Worktree): Promise<Worktree> {
    return worktree;
  }

  /** What was brought home is what the next one starts from. */
  async reopen({outcome, ...worktree}: Worktree): Promise<Worktree> {
    const {checkout, branch, base} = worktree;
    if (outcome?.is !== 'kept') return {...worktree, since: base};
    const tip = await this.#options.code.tipOf(checkout, branch);
    if (tip !== undefined) return {...worktree, since: tip};
    throw new Refusal(
      `The branch ${branch} is no longer there, so there is nothing to continue in. Delegate it again.`,
    );
  }

  /** Brings home what the worker has given, or what its last checkpoint has. Where there is nothing yet, nothing is kept. */
  async settle(worktree: Worktree, {id, project}: WorkInWorktree): Promise<SettledWorktree> {
    if (project === undefined) return nothing(worktree);
    const {link, code} = this.#options;
    const job = link.jobOf({project, id});
    try {
      const harvest = await this.#harvestOf(job);
      if (harvest === undefined) return nothing(worktree);
      const {file, notes, ...sent} = harvest;
      const {checkout, branch, base, since = base} = worktree;
      const content = (await link.mailOf(job)).getFile(file);
      const home = await code.bringHome(checkout, {branch, base: since, ...sent}, content);
      const prefix = relative(worktree.path, worktree.directory).split(sep).join('/');
      const {commit, diffstat} = home;
      return {
        worktree: {
          ...worktree,
          branch: home.branch,
          outcome: {is: 'kept', commit, diffstat, notes: [...notes, ...home.notes]},
        },
        filesChanged: home.filesChanged.map((name) => posix.relative(prefix, name)),
      };
    } catch (error) {
      const notes = [
        `The branch that came back could not be brought home: ${messageOf(error)}. It stays in the pool, for as long as results are kept there.`,
      ];
      return {worktree: {...worktree, outcome: {is: 'kept', diffstat: '', notes}}};
    }
  }

  async leftovers(): Promise<readonly []> {
    return [];
  }

  async find(): Promise<undefined> {
    return undefined;
  }

  async #harvestOf(job: string): Promise<Waiting | undefined> {
    const {link} = this.#options;
    const {queue} = await link.reached();
    const standing = await queue.standing(job);
    const mail = await link.mailOf(job);
    if (standing.is === 'returned') {
      const {harvest, notes} = mail.openedResult(standing.result);
      return harvest === undefined ? undefined : {...harvest, file: HARVEST, notes};
    }
    if (standing.is !== 'lost') return undefined;
    const last = (await mail.toldOwner()).filter((letter) => letter.is === 'checkpoint').at(-1);
    if (last === undefined) return undefined;
    const at = new Date(last.at).toISOString();
    const notes = [`As it was at ${at}, when its worker had last put its files where they are safe.`];
    return {...last.harvest, file: last.file, notes};
  }
}

/** What of a job waits in the pool. */
interface Waiting extends Sent {
  readonly file: string;
  readonly notes: readonly string[];
}

/** What nothing was changed in, or not brought home. */
function nothing(worktree: Worktree): SettledWorktree {
  return {worktree: {...worktree, outcome: {is: 'removed'}}, filesChanged: []};
}
