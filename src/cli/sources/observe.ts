import {deferred} from '../../base/deferred.ts';
import {messageOf} from '../../base/errors.ts';
import {pause} from '../../base/pause.ts';
import {type ShownDelegation, shownOfHead} from '../../control/shown.ts';
import {hasEnded} from '../../delegation/model/delegation.ts';
import {runningHosts} from '../../link/hosts.ts';
import {ControlClient, type ControlHello} from './control-client.ts';
import type {RecordsOnDisk} from './records.ts';
import {keyOf, unattended} from './survey.ts';

/** How often it is looked for hosts that are new, and for what no host knows. */
const LOOK_MS = 1_000;
/** Not more often than this is told what has changed. */
const TELL_MS = 100;

export interface ObserveOptions {
  readonly hello: ControlHello;
  readonly records: RecordsOnDisk;
  readonly signal: AbortSignal;
  /** Called with what keeps a host from being asked. */
  readonly complain: (message: string) => void;
  /** True to ask only hosts of this data folder and version: who is connected to a host keeps it alive. */
  readonly onlyOwn?: boolean;
}

/** Everything that is open or has ended since it began to be observed, by project and id. */
export type Observed = ReadonlyMap<string, ShownDelegation>;

/**
 * Yields how all delegations stand, at once and whenever something has changed, until the signal aborts. Hosts may come
 * and go meanwhile: what no host knows is taken from its record.
 */
export async function* observe(options: ObserveOptions): AsyncGenerator<Observed, void> {
  const observing = new Observing(options);
  const {signal} = options;
  try {
    await observing.look();
    while (!signal.aborted) {
      yield observing.known;
      await pause(TELL_MS, {signal});
      const isQuiet = await observing.untilChanged(LOOK_MS);
      if (isQuiet || observing.isLookDue) await observing.look();
    }
  } finally {
    observing.close();
  }
}

class Observing {
  readonly known = new Map<string, ShownDelegation>();
  readonly #options: ObserveOptions;
  /** By the address of the host. */
  readonly #clients = new Map<string, ControlClient>();
  /** What hosts that are connected have said is open. */
  readonly #live = new Set<string>();
  readonly #complained = new Set<string>();
  #changed = deferred<void>();
  #lookedAt = 0;

  constructor(options: ObserveOptions) {
    this.#options = options;
  }

  get isLookDue(): boolean {
    return performance.now() - this.#lookedAt >= LOOK_MS;
  }

  /** Resolves with true when nothing has changed in that time. */
  async untilChanged(ms: number): Promise<boolean> {
    const changed = this.#changed.promise.then(() => false);
    const isQuiet = await Promise.race([
      changed,
      pause(ms, {signal: this.#options.signal, until: changed}).then(() => true),
    ]);
    this.#changed = deferred<void>();
    return isQuiet;
  }

  /** Finds hosts that are new, and what no host tells of. */
  async look(): Promise<void> {
    const {hello, records, onlyOwn = false} = this.#options;
    this.#lookedAt = performance.now();
    const hosts = await runningHosts(hello);
    const asked = hosts.filter(({isOurs}) => isOurs || !onlyOwn);
    await Promise.all(asked.map(({address}) => this.#connect(address)));
    // What a host tells of is not read from disk as well, every second.
    for (const head of await records.open((named) => !this.#live.has(keyOf(named)))) {
      if (!hasEnded(head.state)) this.known.set(keyOf(head), unattended(head));
    }
    for (const [key, shown] of this.known) {
      if (shown.ended_at !== undefined || this.#live.has(key)) continue;
      const record = await records.read(shown);
      if (record === undefined) this.known.delete(key);
      else if (hasEnded(record.state)) this.known.set(key, shownOfHead(record));
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #connect(address: string): Promise<void> {
    if (this.#clients.has(address)) return;
    const {hello, complain, signal} = this.#options;
    const client = await ControlClient.at(address, hello).catch((error: unknown) => {
      if (!this.#complained.has(address)) complain(messageOf(error));
      this.#complained.add(address);
      return undefined;
    });
    if (client === undefined) return;
    if (signal.aborted) return client.close();
    this.#clients.set(address, client);
    const first = deferred<void>();
    void this.#follow(client, () => first.resolve()).finally(() => {
      this.#clients.delete(address);
      first.resolve();
      this.#changed.resolve();
    });
    await first.promise;
  }

  async #follow(client: ControlClient, onAnswer: () => void): Promise<void> {
    const own = new Set<string>();
    try {
      for await (const {delegations = []} of client.follow({op: 'open', follow: true})) {
        for (const shown of delegations) {
          const key = keyOf(shown);
          this.known.set(key, shown);
          const isOpen = shown.ended_at === undefined;
          for (const keys of [own, this.#live]) {
            if (isOpen) keys.add(key);
            else keys.delete(key);
          }
        }
        onAnswer();
        this.#changed.resolve();
      }
    } catch {
      // The host has gone: what it ran is taken from the records from now on.
    } finally {
      for (const key of own) this.#live.delete(key);
    }
  }
}
