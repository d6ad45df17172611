import {setTimeout as pause} from 'node:timers/promises';
import {signalEach} from '../support/processes.ts';
import {aFileIsBegun} from './begun-file.ts';
import type {Person} from './person.ts';
import type {Random} from './random.ts';
import {type Targets, targetsIn} from './targets.ts';
import type {Worker} from './worker.ts';

/** How long something is stopped before it goes on: now and then for longer than what others wait for it. */
const STOPPED_MS = {least: 50, most: 3_000, long: 15_000};
const LONG = 0.1;
/** Somebody writes within this time, or nobody is there who would. */
const WRITE_MS = 5_000;

/** What can happen, and how often of all. */
export const FAULTS = {
  'bridge killed': 5,
  'host killed': 4,
  'host killed while it wrote': 2,
  'host ended': 2,
  'host stopped': 2,
  'OpenCode killed': 4,
  'OpenCode stopped': 2,
  'supervisor killed': 2,
  'watcher killed': 2,
  'host and OpenCode killed': 2,
  'OpenCode killed while the host was stopped': 1,
  'bridge and host killed': 1,
  "person's OpenCode killed": 2,
} as const;
export type Fault = keyof typeof FAULTS;

export interface FaultsOptions {
  readonly root: string;
  readonly dataDir: string;
  readonly random: Random;
  readonly workers: readonly Worker[];
  readonly person: Person;
}

/** Does harm at random. */
export class Faults {
  readonly #options: FaultsOptions;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Does something that there is somebody to do it to. Resolves with what it was when it is over. */
  async strike(): Promise<Fault> {
    const {random} = this.#options;
    const lots = Object.entries(FAULTS).flatMap(([fault, share]) => Array<Fault>(share).fill(fault as Fault));
    for (;;) {
      const fault = random.pick(lots);
      if (await this.#do(fault)) return fault;
      // What it takes may be about to start.
      await pause(20);
    }
  }

  /** False when there is nobody to do it to. */
  async #do(fault: Fault): Promise<boolean> {
    const {root, dataDir, random, person} = this.#options;
    const {hosts, servers, supervisors, watchers}: Targets = targetsIn(root, person.pid);
    switch (fault) {
      case 'bridge killed':
        return this.#killBridge();
      case 'host killed':
        return signalEach(hosts, 'SIGKILL');
      case 'host killed while it wrote':
        return (await aFileIsBegun(dataDir, WRITE_MS)) && signalEach(hosts, 'SIGKILL');
      case 'host ended':
        return signalEach(hosts, 'SIGTERM');
      case 'host stopped':
        return this.#stopFor(hosts);
      case 'OpenCode killed':
        return signalEach(servers, 'SIGKILL');
      case 'OpenCode stopped':
        return this.#stopFor(servers);
      case 'supervisor killed':
        return signalEach(supervisors, 'SIGKILL');
      case 'watcher killed':
        return watchers.length > 0 && signalEach([random.pick(watchers)], 'SIGKILL');
      case 'host and OpenCode killed':
        return (
          hosts.length > 0 &&
          servers.length > 0 &&
          signalEach(random.chance(0.5) ? [...hosts, ...servers] : [...servers, ...hosts], 'SIGKILL')
        );
      case 'OpenCode killed while the host was stopped':
        return servers.length > 0 && this.#stopFor(hosts, () => signalEach(servers, 'SIGKILL'));
      case 'bridge and host killed':
        return hosts.length > 0 && this.#killBridge() && signalEach(hosts, 'SIGKILL');
      case "person's OpenCode killed":
        return person.kill();
    }
  }

  #killBridge(): boolean {
    const {random, workers} = this.#options;
    const connected = workers.filter(({client}) => client.isConnected);
    return connected.length > 0 && random.pick(connected).client.kill();
  }

  async #stopFor(pids: readonly number[], meanwhile: () => void = () => {}): Promise<boolean> {
    const {random} = this.#options;
    const {least, most, long} = STOPPED_MS;
    const ms = random.between(least, random.chance(LONG) ? long : most);
    if (!signalEach(pids, 'SIGSTOP')) return false;
    meanwhile();
    await pause(ms);
    signalEach(pids, 'SIGCONT');
    return true;
  }
}
