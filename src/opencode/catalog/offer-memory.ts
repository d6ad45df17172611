import {readdir, readFile, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {digestOf} from '../../environment/digest.ts';
import {isLeftBehind, replaceFile} from '../../process/temporary.ts';
import {findBinary} from '../server/binary.ts';
import {configurationOf} from '../settings/configuration-files.ts';
import {type Offer, offer as offerSchema} from './offer.ts';

/** So many are kept, those that were asked for last. */
const KEPT = 100;

export interface OfferMemoryOptions {
  /** Where they are kept; made when it is first needed. */
  readonly folder: string;
  /** Stands for the environment that OpenCode runs in. */
  readonly key: string;
  readonly binary: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
}

/**
 * What OpenCode has offered, on disk, under a digest of all that it is known to read: so that the first delegation of a
 * day need not wait for OpenCode to start. What it does not know has changed is for the one who uses it to check.
 */
export class OfferMemory {
  readonly #options: OfferMemoryOptions;

  constructor(options: OfferMemoryOptions) {
    this.#options = options;
  }

  /** What was offered where nothing has changed since. Never rejects. */
  async recall(directory: string): Promise<Offer | undefined> {
    try {
      const {path} = await this.#look(directory);
      return offerSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch {
      // Nothing is known, which OpenCode can be asked about.
      return undefined;
    }
  }

  /**
   * Keeps what a server has offered that was started at this time, unless what it has read may be older than what is
   * there now. Never rejects.
   */
  async remember(directory: string, offer: Offer, startedAt: number): Promise<void> {
    const {log} = this.#options;
    try {
      const {path, changedAt} = await this.#look(directory);
      if (changedAt >= startedAt) return;
      await replaceFile(path, JSON.stringify(offer));
      await this.#tidy();
    } catch (error) {
      log.debug(`what OpenCode offers could not be kept: ${messageOf(error)}`);
    }
  }

  /** Removes the oldest, and what somebody has left who was killed while he wrote. Never rejects. */
  async tidy(): Promise<void> {
    try {
      await this.#tidy();
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.#options.log.debug(`old offers could not be removed: ${messageOf(error)}`);
    }
  }

  async #look(directory: string): Promise<{path: string; changedAt: number}> {
    const {folder, key, binary: named, env} = this.#options;
    const binary = await findBinary({named, env});
    const {size, mtimeMs} = await stat(binary);
    const {entries, changedAt} = configurationOf(directory, env);
    const name = digestOf({key, directory, binary: [binary, size, mtimeMs], entries});
    return {path: join(folder, `${name}.json`), changedAt};
  }

  async #tidy(): Promise<void> {
    const {folder} = this.#options;
    const paths = (await readdir(folder)).map((name) => join(folder, name));
    // What another process replaces or removes meanwhile is gone, and need not be.
    const files = await Promise.all(
      paths.map(async (path) => ({path, at: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0})),
    );
    const left = files.filter(({path, at}) => isLeftBehind(path, Date.now() - at));
    const old = files.sort((a, b) => b.at - a.at).slice(KEPT);
    await Promise.all([...left, ...old].map(({path}) => rm(path, {force: true})));
  }
}
