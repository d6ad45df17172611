import {Refusal} from '../../base/errors.ts';
import type {EnteredPlace, Trust} from '../../delegation/model/trust.ts';
import {distrust} from '../../delegation/submit/check-trust.ts';
import type {Configuration} from '../settings/configuration-files.ts';
import type {Connection} from './connection.ts';
import type {OpenCode} from './opencode.ts';

export interface EntranceOptions {
  readonly trust: Trust;
  /** Called before OpenCode looks at a directory. Returns what it would read there. */
  readonly approach: (directory: string) => Configuration;
}

/**
 * The one way into a directory for a server that works there. OpenCode loads what a directory brings as soon as it is
 * first asked about it, or about a session in it, and again when it has left it: so what is there is looked at right
 * before, once the server runs.
 */
export class Entrance {
  readonly #options: EntranceOptions;

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /**
   * Resolves with a connection through which the directory may be asked about, at once.
   *
   * @param need for the log, should a server have to start.
   * @throws Refusal when something else would run there than what was allowed, or OpenCode cannot be started.
   */
  async enter(opencode: OpenCode, place: EnteredPlace, need: string): Promise<Connection> {
    const {trust, approach} = this.#options;
    const seen = approach(place.directory);
    const connection = await opencode.connectFor({directory: place.directory, seen}, need);
    const why = await distrust(place, trust);
    if (why !== undefined) throw new Refusal(`${why} Nothing was sent.`);
    return connection;
  }
}
