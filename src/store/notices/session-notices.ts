import {mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {wholeOf} from '../../base/whole-file.ts';
import type {Named} from '../../delegation/model/delegation.ts';
import {type Lock, takeLock} from '../../process/lock.ts';
import {markName, namedBy} from '../files/mark-name.ts';
import {signature} from '../files/signature.ts';
import {replaceWhole} from '../files/write-whole.ts';

/** Beside the folders of the projects; no project's name begins with a dot. */
export const NOTICES = '.notices';
/** Says which process used the session last. */
export const HOLDER = 'holder';
const TOLD = '.told';
/** Earlier versions counted the claims on one notice. */
const CLAIM = '.claim-1';
const REQUEST = '.request-';
/** For its owner alone. */
const FOLDER_MODE = 0o700;
/** A notice takes seconds. A claim this old is its owner's no longer, even if that still runs. */
const CLAIM_EXPIRES_MS = 10 * 60_000;

/** How a session learned of an end: with no turn of the model, with one, or by reading the result itself. */
export type Told = 'silently' | 'awake' | 'by reading';

/** A delegation that a session waits to hear of. */
export interface Expected {
  readonly project: string;
  readonly id: string;
  /** Absent until it was told. */
  readonly told?: Told;
  /** The numbers of its requests that were told; absent when there are none. */
  readonly requests?: readonly number[];
}

export interface NoticeClaim {
  /** False when an earlier owner of the claim may have told already. */
  readonly isFirst: boolean;
}

/** The claims that this process has, by path. They stay until nothing is left to tell. */
const mine = new Map<string, Lock>();

/**
 * What one session has been told of delegations, OpenCode's by the plugin and any other client's by its hook, in a folder of small files that several
 * processes share without ever changing one in place:
 *
 * - `<id>@<project>` is there while the session waits to hear of that delegation,
 * - `<id>@<project>.claim-1` is a lock: the process that has it tells, and another one only when that one is gone,
 * - `<id>@<project>.told` says that it was told, and how,
 * - `<id>@<project>.request-<n>.claim-1` and `….told` say the same of its n-th request while it runs,
 * - `holder` says which OpenCode process used the session last: only that one tells.
 *
 * Each step is a look at a small folder or file, which takes less than handing it to a thread and hearing back; a client's
 * hook, which a prompt waits for, would feel every thread on a busy machine.
 */
export class SessionNotices {
  readonly folder: string;
  readonly #isHurried: boolean;

  /**
   * @param root the folder that holds a folder for each project.
   * @param isHurried true for one who cannot wait for the disk: after a power cut, something may be told again.
   */
  constructor(root: string, session: string, {isHurried = false} = {}) {
    this.folder = join(root, NOTICES, session);
    this.#isHurried = isHurried;
  }

  /** Notes that the session will want to hear of the delegation's end. @throws when it cannot be written. */
  async expect({project, id}: Named): Promise<void> {
    await this.#inFolder(async () =>
      writeFileSync(join(this.folder, markName({project, id})), '', {mode: 0o600}),
    );
  }

  /** Makes the folder. */
  async open(): Promise<void> {
    mkdirSync(this.folder, {recursive: true, mode: FOLDER_MODE});
  }

  /** All that the session waits for or was told of and has not read, in no order. Empty without a folder. */
  async expected(): Promise<readonly Expected[]> {
    const names = this.#names();
    const waited = names.filter((name) => !name.endsWith(TOLD) && !isClaim(name) && !name.endsWith('.tmp'));
    return waited
      .flatMap((name) => namedBy(name) ?? [])
      .map((named) => {
        const name = markName(named);
        const told = names.includes(`${name}${TOLD}`) ? this.#told(name) : undefined;
        const requests = requestsTold(name, names);
        return {
          ...named,
          ...(told !== undefined && {told}),
          ...(requests.length > 0 && {requests}),
        };
      });
  }

  /** From now on this process tells. @throws when it cannot be written. */
  async hold(): Promise<void> {
    if (await this.isHeld()) return;
    await this.#inFolder(() => replaceWhole(join(this.folder, HOLDER), signature()));
  }

  /** True when no other process has used the session since this one did. */
  async isHeld(): Promise<boolean> {
    return this.#text(HOLDER) === signature();
  }

  /**
   * Makes this process the only one that tells, unless another one does or has done so: then `undefined`. A
   * process that has the claim gets it again.
   * @param request the number of the request that is to be told; without one, it is the end.
   * @throws when it cannot be written.
   */
  async claim(expected: Expected, request?: number): Promise<NoticeClaim | undefined> {
    const name = newsOf(expected, request);
    const path = join(this.folder, `${name}${CLAIM}`);
    const known = mine.get(path);
    const lock = known?.isOurs() ? known : await takeClaim(path);
    if (lock === undefined) return undefined;
    mine.set(path, lock);
    // Since we looked it may have been told, by whichever process had the claim before or by ourselves.
    const names = this.#names();
    if (!names.includes(markName(expected)) || names.includes(`${name}${TOLD}`)) return undefined;
    return {isFirst: lock !== known && !lock.isTakenOver};
  }

  /** Notes that it was told. @throws when it cannot be written. */
  async confirm(expected: Expected, told: Told, request?: number): Promise<void> {
    const path = join(this.folder, `${newsOf(expected, request)}${TOLD}`);
    // One that is not whole yet is taken for told all the same.
    if (this.#isHurried) writeFileSync(path, told, {mode: 0o600});
    else await replaceWhole(path, told);
    // It may have been forgotten since we looked; then nobody else would ever remove this.
    if (!this.#names().includes(markName(expected))) await this.forget(expected);
  }

  /** There is nothing to tell any more. What cannot be removed does no harm, as there is no mark without it. */
  async forget(expected: Expected): Promise<void> {
    const name = markName(expected);
    // The mark goes first: anyone who claims afterwards sees that it is gone.
    rmSync(join(this.folder, name), {force: true});
    for (const other of this.#names()) {
      if (!other.startsWith(`${name}.`)) continue;
      mine.delete(join(this.folder, other));
      rmSync(join(this.folder, other), {force: true});
    }
  }

  /** The folder of a session that waits for nothing may be removed at any moment. */
  async #inFolder(write: () => Promise<unknown>): Promise<void> {
    await this.open();
    try {
      await write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.open();
      await write();
    }
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Of a file in the folder; '' where there is none. */
  #text(name: string): string {
    try {
      return wholeOf(join(this.folder, name));
    } catch {
      return '';
    }
  }

  #told(name: string): Told {
    const text = this.#text(`${name}${TOLD}`);
    return text === 'silently' || text === 'awake' || text === 'by reading' ? text : 'awake';
  }
}

/** What there is to tell of it: its end, or one of its requests. */
function newsOf(expected: Expected, request: number | undefined): string {
  return request === undefined ? markName(expected) : `${markName(expected)}${REQUEST}${request}`;
}

function requestsTold(name: string, names: readonly string[]): readonly number[] {
  const beginning = `${name}${REQUEST}`;
  return names
    .filter((other) => other.startsWith(beginning) && other.endsWith(TOLD))
    .map((other) => Number(other.slice(beginning.length, -TOLD.length)))
    .filter(Number.isSafeInteger);
}

function isClaim(name: string): boolean {
  return /\.claim-\d+$/.test(name);
}

function takeClaim(path: string): Promise<Lock | undefined> {
  return takeLock({path, patienceMs: CLAIM_EXPIRES_MS, expiresMs: CLAIM_EXPIRES_MS});
}
