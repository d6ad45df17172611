import {setTimeout as pause} from 'node:timers/promises';
import {withTimeout} from '../../../src/base/with-timeout.ts';
import {signalEach} from '../../support/processes.ts';
import type {Random} from '../random.ts';
import {LEASE_SECONDS, type PoolWorld} from './world.ts';

const LEASE_MS = LEASE_SECONDS * 1_000;
/** How long something is away: shorter than a lease, or longer than it takes to find a lost one. */
const SHORT_MS = {least: 100, most: LEASE_MS / 2};
const LONG_MS = {least: 1.5 * LEASE_MS, most: 2.5 * LEASE_MS};
/** In the midst of what a bundle of a large file sends, and of what is sent all the time. */
const BYTES = [500, 5_000, 50_000, 150_000, 300_000];
/** So long, something is sent, or nothing is. */
const SENT_MS = 15_000;

/** What can happen, and how often of all. */
export const POOL_FAULTS = {
  'worker killed': 4,
  'worker told to end': 3,
  'worker frozen past its lease': 2,
  'worker frozen for a moment': 2,
  "worker's OpenCode killed": 2,
  "client's host killed": 3,
  "client's host told to end": 2,
  "client's host frozen": 2,
  'client killed': 2,
  'worker cut off past its lease': 2,
  'machine cut off for a moment': 3,
  'machine cut off without a word': 2,
  'machine cut off while it sent': 4,
  'database restarted': 2,
  'database away past a lease': 1,
} as const;
export type PoolFault = keyof typeof POOL_FAULTS;

/** Does harm at random. */
export class PoolFaults {
  readonly #world: PoolWorld;
  readonly #random: Random;

  constructor(world: PoolWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Does something that there is somebody to do it to. Resolves with what it was when it is over. */
  async strike(): Promise<PoolFault> {
    const lots = Object.entries(POOL_FAULTS).flatMap(([fault, share]) =>
      Array<PoolFault>(share).fill(fault as PoolFault),
    );
    for (;;) {
      const fault = this.#random.pick(lots);
      if (await this.#do(fault)) return fault;
      // What it takes may be about to start.
      await pause(50);
    }
  }

  /** False when there is nobody to do it to. */
  async #do(fault: PoolFault): Promise<boolean> {
    const random = this.#random;
    const {workers, clients, database} = this.#world;
    const worker = random.pick(workers);
    const client = random.pick(clients);
    const {proxy} = random.pick([...workers, ...clients]).machine;
    switch (fault) {
      case 'worker killed':
        return signalEach(worker.pids, 'SIGKILL');
      case 'worker told to end':
        return signalEach(worker.pids, 'SIGTERM');
      case 'worker frozen past its lease':
        return this.#freeze(worker.pids, LONG_MS);
      case 'worker frozen for a moment':
        return this.#freeze(worker.pids, SHORT_MS);
      case "worker's OpenCode killed":
        return signalEach(worker.servers, 'SIGKILL');
      case "client's host killed":
        return signalEach(client.hosts, 'SIGKILL');
      case "client's host told to end":
        return signalEach(client.hosts, 'SIGTERM');
      case "client's host frozen":
        return this.#freeze(client.hosts, random.chance(0.5) ? SHORT_MS : LONG_MS);
      case 'client killed':
        return client.client.kill();
      case 'worker cut off past its lease':
        worker.machine.proxy.cut();
        await this.#pause(LONG_MS);
        worker.machine.proxy.rejoin();
        return true;
      case 'machine cut off for a moment':
        proxy.cut();
        await this.#pause(SHORT_MS);
        proxy.rejoin();
        return true;
      case 'machine cut off without a word':
        proxy.swallow();
        await this.#pause(random.chance(0.5) ? SHORT_MS : LONG_MS);
        proxy.rejoin();
        return true;
      case 'machine cut off while it sent': {
        const which = random.pick(['to the server', 'from the server'] as const);
        const cut = proxy.cutAfter(random.pick(BYTES), which).then(() => true);
        const isCut = await withTimeout(SENT_MS, cut, false);
        await this.#pause(SHORT_MS);
        proxy.rejoin();
        return isCut;
      }
      case 'database restarted':
        await database.postgres.down();
        await this.#pause(SHORT_MS);
        await database.postgres.up();
        return true;
      case 'database away past a lease':
        await database.postgres.down();
        await this.#pause(LONG_MS);
        await database.postgres.up();
        return true;
    }
  }

  async #freeze(pids: readonly number[], ms: {readonly least: number; readonly most: number}) {
    if (!signalEach(pids, 'SIGSTOP')) return false;
    await this.#pause(ms);
    signalEach(pids, 'SIGCONT');
    return true;
  }

  #pause({least, most}: {readonly least: number; readonly most: number}): Promise<void> {
    return pause(this.#random.between(least, most));
  }
}
