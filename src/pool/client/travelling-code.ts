import {randomUUID} from 'node:crypto';
import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Git} from '../../git/git.ts';
import {keepBundle} from '../travel/bundle-file.ts';
import {type HomeCheckout, keepStart, readyHome} from '../travel/homeward.ts';
import {importWork} from '../travel/imported.ts';
import {planTravel} from '../travel/plan.ts';
import type {FetchProtocol} from '../travel/remote-url.ts';
import type {Travel} from '../travel/travel.ts';
import {packWhole} from '../travel/whole.ts';
import type {BroughtHome, ClientCode, Departure, DepartureOptions, Harvest} from './code.ts';

export interface TravellingCodeOptions {
  readonly git: Git;
  /** For bundles on their way. It is made when it is first needed. */
  readonly folder: string;
  /** The most that a bundle may have. */
  readonly limitBytes: number;
  /** By which protocols workers fetch. */
  readonly protocols: readonly FetchProtocol[];
}

/** Code that travels by a remote or in a bundle, and comes back in one. */
export class TravellingCode implements ClientCode {
  readonly #options: TravellingCodeOptions;

  constructor(options: TravellingCodeOptions) {
    this.#options = options;
  }

  async depart(
    directory: string,
    {includeChanges = false, commit}: DepartureOptions = {},
  ): Promise<Departure> {
    const {git, limitBytes, protocols} = this.#options;
    const {travel, checkout, commonDir, bundle, sentence, notes} = await planTravel(git, {
      ...{directory, includesChanges: includeChanges, limitBytes, protocols},
      spool: await this.#spool(),
      workersFetch: 'what they can',
      ...(commit !== undefined && {commit}),
    });
    return {
      ...{travel, checkout, commonDir, notes: [sentence, ...notes]},
      ...(bundle !== undefined && {luggage: bundle.path}),
    };
  }

  async departWhole(
    directory: string,
    {travel, luggage}: Pick<Departure, 'travel' | 'luggage'>,
  ): Promise<{readonly travel: Travel; readonly luggage: string}> {
    const {git, limitBytes} = this.#options;
    const whole = await packWhole(git, {
      ...{directory, travel, luggage, limitBytes, spool: await this.#spool()},
    });
    return {travel: whole.travel, luggage: whole.bundle.path};
  }

  async bringHome(
    checkout: string,
    {branch, base, bytes, sha256}: Harvest,
    content: AsyncIterable<Uint8Array>,
  ): Promise<BroughtHome> {
    const {git, limitBytes} = this.#options;
    const path = await this.#spool();
    try {
      await keepBundle(content, {path, bytes, sha256});
      return await importWork(git, checkout, {path, branch, base, limitBytes});
    } finally {
      await rm(path, {force: true});
    }
  }

  async readyHome(
    directory: string,
    travel: Travel,
    bundle: () => AsyncIterable<Uint8Array>,
  ): Promise<HomeCheckout> {
    const {git, limitBytes} = this.#options;
    return readyHome(git, {directory, travel, bundle, limitBytes, spool: await this.#spool()});
  }

  async keepStart(
    checkout: string,
    {travel, luggage: path}: Pick<Departure, 'travel' | 'luggage'>,
  ): Promise<void> {
    const {git, limitBytes} = this.#options;
    if (path !== undefined) await keepStart(git, checkout, {travel, path, limitBytes});
  }

  async commitOf(checkout: string, name: string): Promise<string | undefined> {
    const git = await this.#options.git.at(checkout);
    return git.ask(['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
  }

  async #spool(): Promise<string> {
    const {folder} = this.#options;
    await mkdir(folder, {recursive: true, mode: 0o700});
    return join(folder, `${randomUUID()}.bundle`);
  }
}
