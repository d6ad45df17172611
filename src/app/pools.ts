import type {Logger} from '../base/log.ts';
import {type Delegation, hasEnded, type Named} from '../delegation/model/delegation.ts';
import type {Environment} from '../delegation/model/ports.ts';
import {Git} from '../git/git.ts';
import {poolEnvironment, poolFolder, poolNamed, poolNameOf, poolsFolder} from '../pool/client/environment.ts';
import {PoolLedger} from '../pool/client/ledger.ts';
import {PoolLine} from '../pool/client/line.ts';
import {type PoolAccess, PoolLink} from '../pool/client/link.ts';
import {machineIn} from '../pool/client/machine.ts';
import {Releases} from '../pool/client/releases.ts';
import type {PoolRunnerOptions} from '../pool/client/runner.ts';
import {TravellingCode} from '../pool/client/travelling-code.ts';
import {keyFilesIn, readGroupKey, readOwnerKey} from '../pool/keys/key-files.ts';
import type {PoolQueue} from '../pool/queue/queue.ts';
import type {PoolSettings} from '../settings/pool.ts';

export interface PoolsOptions {
  readonly dataDir: string;
  readonly log: Logger;
  /** The record as it is on disk. */
  readonly read: (named: Named) => Promise<Delegation | undefined>;
  /** Keeps what an agent has said, where no OpenCode of this machine has it. */
  readonly keep: PoolRunnerOptions['keep'];
  /** Changes the text of one that has ended. */
  readonly amend: (ended: Delegation, text: string) => Promise<unknown>;
  /** Connects to a database. Default: with the engine, which is loaded for it. */
  readonly connect?: (options: QueueAddress) => Promise<PoolQueue>;
}

/** Which database, for how long what has ended waits there. */
export interface QueueAddress {
  readonly url: string;
  readonly keepMs: number;
  readonly log: Logger;
}

/** Connects with the engine, which is loaded for it. */
export async function withEngine(address: QueueAddress): Promise<PoolQueue> {
  const {openQueue} = await import('../pool/engine/open.ts');
  return openQueue(address);
}

export interface PoolOf {
  readonly settings: PoolSettings;
  /** Taken where a call names none. */
  readonly model: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that worktrees are made in. */
  readonly worktrees: string;
}

interface Known {
  readonly name: string;
  readonly link: PoolLink;
  readonly ledger: PoolLedger;
  readonly line: PoolLine;
  readonly releases: Releases;
}

/** The pools of all clients of a host. Nothing of one is loaded before something is delegated to it. */
export class Pools {
  readonly #options: PoolsOptions;
  /** By name and URL, the newest last: a client with a new password does not wait for one with the old. */
  readonly #known = new Map<string, Known>();

  constructor(options: PoolsOptions) {
    this.#options = options;
  }

  /** The environment of a client, with the pool that its settings name. */
  with(here: Environment, {settings, model, env, worktrees: root}: PoolOf): Environment {
    const {url, keepMs, limitBytes, protocols, where} = settings;
    const name = poolNameOf(settings, keyFilesIn(env));
    const {link, ledger, line} = this.#of(name, {url, keepMs, env});
    const {keep} = this.#options;
    const code = new TravellingCode({git: new Git(env), folder: ledger.folder, limitBytes, protocols});
    const environment = poolEnvironment(here, {
      link,
      ledger,
      line,
      code,
      waitMs: keepMs,
      root,
      model,
      name,
      keep,
    });
    return {...here, pool: {environment, isDefault: where === 'pool'}};
  }

  /** Has the pool forget what has ended, and is on disk here. */
  happened(delegation: Delegation): void {
    const {where, state, owner} = delegation;
    if (where === undefined || !hasEnded(state)) return;
    const name = poolNamed(owner.sessions);
    this.#newest.find((known) => known.name === name)?.releases.ended(delegation);
  }

  /** Looks after what an earlier process has left. */
  async tidy(): Promise<void> {
    await Promise.all(this.#newest.map(({releases}) => releases.tidy()));
  }

  /** Lets go of all databases. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#known.values()].map(async ({link, releases}) => {
        await releases.close();
        await link.close();
      }),
    );
  }

  /** One of each name. */
  get #newest(): readonly Known[] {
    return [...new Map([...this.#known.values()].map((known) => [known.name, known])).values()];
  }

  #of(name: string, {url, keepMs, env}: {url: string; keepMs: number; env: NodeJS.ProcessEnv}): Known {
    const key = `${name} ${url}`;
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    const {dataDir, log, read, amend, connect = withEngine} = this.#options;
    const open = async (): Promise<PoolAccess> => {
      const files = keyFilesIn(env);
      const [group, owner] = [readGroupKey(files), readOwnerKey(files)];
      return {queue: await connect({url, keepMs, log}), group, owner};
    };
    const link = new PoolLink({open, ...machineIn(poolsFolder(dataDir)), log});
    const ledger = new PoolLedger(poolFolder(dataDir, name));
    const known = {
      ...{name, link},
      ledger,
      line: new PoolLine(link),
      releases: new Releases({link, ledger, read, amend}),
    };
    this.#known.set(key, known);
    return known;
  }
}
