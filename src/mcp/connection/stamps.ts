import {z} from 'zod';
import type {Logger} from '../../base/log.ts';
import {type Issued, STAMP_KEY, unseal} from '../../contract/stamp.ts';
import {SESSION_ID} from '../../delegation/model/delegation.ts';

/** A connection has far fewer calls in the time in which anybody could know one of its stamps. */
const MAX_USED = 10_000;

const issued = z.object({
  stamp: z.object({
    session: z.string().regex(SESSION_ID),
    pid: z.int().positive(),
    message: z.string().optional(),
    agent: z.string().optional(),
    model: z.string().includes('/').optional(),
    variant: z.string().optional(),
    isChild: z.boolean(),
  }),
  nonce: z.string(),
  directory: z.string(),
  loaded: z.string().optional(),
});

export interface StampsOptions {
  /** What the companion plugin has given to the server that it has configured; absent where none has. */
  readonly secret: string | undefined;
  readonly projectOf: (directory: string) => Promise<string>;
  readonly log: Logger;
}

/**
 * Says who calls on one connection, where the companion plugin proves it. Every other stamp is as none: anybody can
 * write one into the arguments of a call, and anyone who is named in it is told of the delegation.
 */
export class Stamps {
  readonly #options: StampsOptions;
  /** The stamps that have been taken, oldest first. */
  readonly #used = new Set<string>();
  /** Why stamps were not taken, as the log has it: nobody must be able to fill it. */
  readonly #said = new Set<string>();

  constructor(options: StampsOptions) {
    this.#options = options;
  }

  /** @param project that of the client: a session of another one is not its to speak for. */
  async callerOf(
    input: Readonly<Record<string, unknown>>,
    project: () => Promise<string>,
  ): Promise<Issued | undefined> {
    const given = input[STAMP_KEY];
    if (given === undefined) return undefined;
    const found = this.#proven(given);
    if (typeof found === 'string') return this.#ignore(found);
    const [own, theirs] = await Promise.all([project(), this.#options.projectOf(found.directory)]);
    return own === theirs ? found : this.#ignore('its session works in another project');
  }

  /** What the plugin has said for this very call, or why it is not taken. */
  #proven(given: unknown): Issued | string {
    const {secret} = this.#options;
    // An empty one is known to everybody.
    if (secret === undefined || secret === '') return 'no plugin has set up this connection';
    const opened = unseal(given, secret);
    if (opened === undefined) return 'it is not from the plugin that has set up this connection';
    const {data, error} = issued.safeParse(opened);
    if (data === undefined) return z.prettifyError(error);
    if (this.#used.has(data.nonce)) return 'it was used before';
    this.#used.add(data.nonce);
    const [oldest] = this.#used;
    if (this.#used.size > MAX_USED && oldest !== undefined) this.#used.delete(oldest);
    const {session, pid, isChild, ...rest} = data.stamp;
    const known = Object.entries(rest).filter(([, value]) => value !== undefined);
    const {nonce, directory, loaded} = data;
    return {
      stamp: {session, pid, isChild, ...Object.fromEntries(known)},
      ...{nonce, directory},
      ...(loaded !== undefined && {loaded}),
    };
  }

  #ignore(why: string): undefined {
    if (!this.#said.has(why)) this.#options.log.warn(`the caller's stamp is ignored: ${why}`);
    this.#said.add(why);
  }
}
