import {digestOf} from '../../environment/digest.ts';
import {type Configuration, configurationOf} from '../settings/configuration-files.ts';

export interface SettingsReadOptions {
  readonly env: NodeJS.ProcessEnv;
  /** A folder that brings nothing: what counts there, counts everywhere. */
  readonly neutral: string;
}

/**
 * What a server has read of its configuration: at its start, and of each directory when it is first needed there. To be
 * made before the server is started, so that what changes meanwhile is noticed.
 */
export class SettingsRead {
  readonly #options: SettingsReadOptions;
  readonly #seen = new Map<string, string>();

  constructor(options: SettingsReadOptions) {
    this.#options = options;
    this.#isSame(options.neutral);
  }

  /**
   * True while all that counts in a directory is as the server has read it, or will when it first looks there.
   * @param seen what counts there, where that was looked at just now.
   */
  isCurrent(directory: string, seen?: Configuration): boolean {
    // What counts everywhere is among what counts in a directory that was looked at before.
    const isKnown = this.#seen.has(directory);
    return (isKnown || this.#isSame(this.#options.neutral)) && this.#isSame(directory, seen);
  }

  #isSame(place: string, {entries} = configurationOf(place, this.#options.env)): boolean {
    const now = digestOf(entries);
    const before = this.#seen.get(place) ?? now;
    this.#seen.set(place, before);
    return before === now;
  }
}
