import {mkdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {wholeOf} from '../base/whole-file.ts';
import type {DelegationHead, Named} from '../delegation/model/delegation.ts';
import {noticesOf} from '../store/notices/client-sessions.ts';
import {type Expected, SessionNotices, type Told} from '../store/notices/session-notices.ts';
import type {HookClient} from './clients/protocol.ts';

/** Holds the time up to which everything was looked at. */
const LOOKED = 'looked';
/** Is there while the model has lost what it was told. */
const COMPACTED = 'compacted';

/** What one session of a client has been told: the plugin's notices, written by processes that live for milliseconds. */
export class Ledger {
  readonly #notices: SessionNotices;

  /** @param root the folder that holds a folder for each project. */
  constructor(root: string, client: HookClient, session: string) {
    this.#notices = new SessionNotices(root, noticesOf(client, session), {isHurried: true});
  }

  /** All that it was told of. */
  known(): Promise<readonly Expected[]> {
    return this.#notices.expected();
  }

  /** Takes on to tell it, unless another process does or has done so: two hooks of one event run at once. */
  async claim({project, id}: Named, request?: number): Promise<boolean> {
    await this.#notices.expect({project, id});
    return (await this.#notices.claim({project, id}, request)) !== undefined;
  }

  async confirm({project, id}: Named, told: Told, request?: number): Promise<void> {
    await this.#notices.confirm({project, id}, told, request);
  }

  /** Somebody has read it. */
  async forget({project, id}: Named): Promise<void> {
    await this.#notices.forget({project, id});
  }

  /** Up to when all that changed was looked at, in milliseconds since the epoch; 0 where that was not noted. */
  lookedUntil(): number {
    try {
      return Number(wholeOf(this.#pathOf(LOOKED))) || 0;
    } catch {
      return 0;
    }
  }

  looked(until: number): void {
    this.#write(LOOKED, String(until));
  }

  /** A summary is about to take the place of the conversation. */
  compacted(): void {
    this.#write(COMPACTED, '');
  }

  /** True once after that. */
  takeCompacted(): boolean {
    const path = this.#pathOf(COMPACTED);
    const isThere = statSync(path, {throwIfNoEntry: false}) !== undefined;
    if (isThere) rmSync(path, {force: true});
    return isThere;
  }

  #write(name: string, text: string): void {
    mkdirSync(this.#notices.folder, {recursive: true, mode: 0o700});
    writeFileSync(this.#pathOf(name), text, {mode: 0o600});
  }

  #pathOf(name: string): string {
    return join(this.#notices.folder, name);
  }
}

/** True when two stand for one delegation. */
export function isTheSame(one: Named, other: Pick<DelegationHead, 'project' | 'id'>): boolean {
  return one.id === other.id && one.project === other.project;
}
