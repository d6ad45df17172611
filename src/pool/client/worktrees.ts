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
import type {ClientCode, Departure} from './code.ts';
import {harvestIn, type WaitingHarvest} from './harvest.ts';
import type {PoolLedger} from './ledger.ts';
import type {PoolLink} from './link.ts';
import {takeEnd} from './taking.ts';

/** A pool that is away for longer keeps what waits there. */
const PATIENCE_MS = 90_000;

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

  /** The next one starts from what was brought home, and where that was nothing, from where this one did. */
  async reopen({outcome, ...worktree}: Worktree): Promise<Worktree> {
    const {branch, base, since: started = base} = worktree;
    if (outcome?.is !== 'kept') return {...worktree, since: await this.#begins(worktree, started)};
    if (outcome.commit === undefined)
      throw new Refusal(
        'Its branch has not been brought home, so there is nothing to continue in: its record says why. Delegate it again.',
      );
    const tip = await this.#options.code.commitOf(worktree.checkout, `refs/heads/${branch}`);
    if (tip !== undefined) return {...worktree, since: tip};
    throw new Refusal(
      `The branch ${branch} is no longer there, so there is nothing to continue in. Delegate it again.`,
    );
  }

  /**
   * What was not committed when it was sent is on no branch here, and git removes it after some weeks.
   * @throws Refusal where there is no such commit here.
   */
  async #begins({checkout}: Worktree, commit: string): Promise<string> {
    if ((await this.#options.code.commitOf(checkout, commit)) !== undefined) return commit;
    throw new Refusal(
      `Nothing has come home of it, and what it started from (${commit.slice(0, 12)}) is not in this repository any more. Delegate it again, with include_changes where your changes belong to it.`,
    );
  }

  /** Brings home what the worker has given, or what its last checkpoint has. Where there is nothing yet, nothing is kept. */
  async settle(worktree: Worktree, {id, project}: WorkInWorktree): Promise<SettledWorktree> {
    if (project === undefined) return nothing(worktree);
    const {link} = this.#options;
    const job = link.jobOf({project, id});
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      return await link.persist(() => this.#settle(worktree, job), {signal});
    } catch (error) {
      const notes = [
        `The branch that came back could not be brought home: ${messageOf(error)}. It stays in the pool, for as long as results are kept there.`,
      ];
      return {worktree: {...worktree, outcome: {is: 'kept', diffstat: '', notes}}};
    }
  }

  async #settle(worktree: Worktree, job: string): Promise<SettledWorktree> {
    const {link, code} = this.#options;
    const harvest = await this.#harvestOf(job);
    if (harvest === undefined) {
      await this.#keepStart(worktree, job);
      return nothing(worktree);
    }
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
  }

  /** What cannot be kept is missing only where it is gone on with, which is refused then. */
  async #keepStart({checkout}: Worktree, job: string): Promise<void> {
    const {link, code, ledger} = this.#options;
    const departed = await ledger.departureOf(job);
    if (departed === undefined) return;
    await code.keepStart(checkout, departed).catch((error: unknown) => {
      link.log.warn(`${job}: what it started from could not be kept: ${messageOf(error)}`);
    });
  }

  async leftovers(): Promise<readonly []> {
    return [];
  }

  async find(): Promise<undefined> {
    return undefined;
  }

  async clear(): Promise<void> {}

  async #harvestOf(job: string): Promise<WaitingHarvest | undefined> {
    const {link} = this.#options;
    const {queue} = await link.access();
    const standing = await queue.standing(job);
    const mail = await link.mailOf(job);
    if (standing.is !== 'returned' && standing.is !== 'lost') return undefined;
    // What another machine of the owner's takes is not brought home here as well.
    if ((await takeEnd(mail, queue, link.self)) !== undefined) return undefined;
    return harvestIn(standing, mail);
  }
}

/** What nothing was changed in, or not brought home. */
function nothing(worktree: Worktree): SettledWorktree {
  return {worktree: {...worktree, outcome: {is: 'removed'}}, filesChanged: []};
}
