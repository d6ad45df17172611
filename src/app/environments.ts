import {join} from 'node:path';
import type {Logger} from '../base/log.ts';
import type {DelegationSettings} from '../config.ts';
import type {EventCommand} from '../control/person-events.ts';
import type {Environment, Environments} from '../delegation/model/ports.ts';
import {differingNames} from '../environment/differing.ts';
import {digestOf} from '../environment/digest.ts';
import {withoutNoise} from '../environment/noise.ts';
import {sessionPlace} from '../environment/session-place.ts';
import {GitWorktrees} from '../git/git-worktrees.ts';
import {topOf} from '../git/top.ts';
import type {EnvironmentStatus} from '../link/handshake.ts';
import {OpenCodeCatalog} from '../opencode/catalog/catalog.ts';
import {OfferMemory} from '../opencode/catalog/offer-memory.ts';
import {SmallModelHeadlines} from '../opencode/headlines.ts';
import {OpenCodeRunner} from '../opencode/run/runner.ts';
import {sandboxedEnvironment} from '../opencode/sandbox/sandbox.ts';
import {ConcealedWorktrees} from '../opencode/secrets/concealed-worktrees.ts';
import {Entrance} from '../opencode/server/entrance.ts';
import {Servers} from '../opencode/server/servers.ts';
import {RepositoryTrust, TRUSTS_ALL} from '../opencode/trust/repository-trust.ts';
import {WORKTREES} from '../store/files/project-name.ts';
import type {Pools} from './pools.ts';

/** In the data folder. What begins with a dot is no project. */
const OFFERS = '.offers';

export interface ClientEnvironmentsOptions {
  readonly dataDir: string;
  /** How long an OpenCode server stays that nothing needs, in milliseconds. */
  readonly serverIdleMs: number;
  readonly log: Logger;
  /** How many delegations of an environment have not ended. */
  readonly activeIn: (key: string) => number;
  /** What runs elsewhere for an environment whose settings name a pool. */
  readonly pools: Pools;
}

/** A client's stay in an environment. */
export interface Entered {
  readonly environment: Environment;
  readonly isNew: boolean;
  /** Idempotent. */
  readonly leave: () => void;
  /**
   * Leaves an environment that nobody else is in, for good: its servers end. Resolves when they are gone. To be called when
   * nothing runs there. Idempotent.
   */
  readonly end: () => Promise<void>;
}

interface Made {
  readonly variables: Readonly<Record<string, string>>;
  readonly settings: DelegationSettings;
  readonly keptIn: string | undefined;
}

interface Known {
  readonly environment: Environment;
  /** In memory only, as all that is in an environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly serverKey: string;
  readonly onEvent: DelegationSettings['onEvent'];
  clients: number;
  /** Counts up with each client that comes. */
  usedAt: number;
}

/**
 * The environments that clients have come from, each with what runs its delegations: agents see exactly what their
 * client's environment holds. Clients that differ in nothing but noise share one.
 */
export class ClientEnvironments implements Environments {
  readonly #options: ClientEnvironmentsOptions;
  readonly #servers: Servers;
  readonly #worktrees: string;
  /** In the order in which they came. */
  readonly #known = new Map<string, Known>();
  #uses = 0;

  constructor(options: ClientEnvironmentsOptions) {
    this.#options = options;
    const {dataDir, serverIdleMs, log} = options;
    this.#worktrees = join(dataDir, WORKTREES);
    this.#servers = new Servers({cwd: dataDir, worktrees: this.#worktrees, idleMs: serverIdleMs, log});
  }

  /**
   * The environment of a client, which is kept at least until the client has left; new where none is like it.
   * @param keptIn the folder that OpenCode keeps all in that it writes there. Default: the person's place.
   */
  enter(env: NodeJS.ProcessEnv, settings: DelegationSettings, keptIn?: string): Entered {
    const variables = withoutNoise(env);
    const key = digestOf({variables, settings, ...(keptIn !== undefined && {keptIn})});
    this.#forget();
    const before = this.#known.get(key);
    const known = before ?? this.#make(key, {variables, settings, keptIn});
    this.#known.set(key, known);
    known.clients += 1;
    this.#uses += 1;
    known.usedAt = this.#uses;
    let isIn = true;
    const leave = () => {
      if (isIn) known.clients -= 1;
      isIn = false;
    };
    const end = async () => {
      leave();
      this.#known.delete(key);
      await this.#servers.end(known.serverKey);
    };
    return {environment: known.environment, isNew: before === undefined, leave, end};
  }

  find(key: string): Environment | undefined {
    return this.all.find((environment) => environment.key === key);
  }

  /** What is to be run, in which variables, when something happens to a delegation of an environment; `undefined` for nothing. */
  eventsOf(key: string): EventCommand | undefined {
    const known = [...this.#known.values()].find((one) => keysOf(one).includes(key));
    return known?.onEvent && {...known.onEvent, env: known.variables};
  }

  get all(): readonly Environment[] {
    const lastFirst = [...this.#known.values()].sort((a, b) => b.usedAt - a.usedAt);
    const here = lastFirst.map(({environment}) => environment);
    return [...here, ...here.flatMap(({pool}) => (pool === undefined ? [] : [pool.environment]))];
  }

  /** For those who ask; the names of variables and no value. */
  get status(): readonly EnvironmentStatus[] {
    const [first] = this.#known.values();
    return [...this.#known.values()].map(({environment, variables, serverKey, clients}) => ({
      clients,
      delegations: this.#activeIn({environment}),
      servers: this.#servers.running(serverKey),
      differsIn: differingNames(first?.variables ?? {}, variables),
    }));
  }

  /** Stops every OpenCode server. Resolves when they are gone. Idempotent. */
  close(): Promise<void> {
    return this.#servers.close();
  }

  /** Lets go of those that nobody comes from and nothing runs in. The first one stays: recovery needs one. */
  #forget(): void {
    for (const [key, known] of [...this.#known].slice(1)) {
      const {clients, serverKey} = known;
      if (clients > 0 || this.#activeIn(known) > 0 || this.#servers.running(serverKey) > 0) continue;
      this.#known.delete(key);
      const isShared = [...this.#known.values()].some((other) => other.serverKey === serverKey);
      if (!isShared) this.#servers.forget(serverKey);
    }
  }

  #activeIn(known: Pick<Known, 'environment'>): number {
    return keysOf(known).reduce((sum, key) => sum + this.#options.activeIn(key), 0);
  }

  #make(key: string, {variables, settings, keptIn}: Made): Known {
    const {dataDir, log} = this.#options;
    const {binary, model, allowSubagents, asking, serialWriters, trust, readOnlyTools, ceilings} = settings;
    const {sandbox: mode, modelNames} = settings;
    const worktrees = this.#worktrees;
    const apart = keptIn === undefined ? {} : {keptIn};
    const sandbox = mode === undefined ? undefined : {dataDir, worktrees, network: mode === 'on', ...apart};
    const isAnswered = asking.on === 'wait';
    const serverKey = digestOf({variables, binary, isAnswered, mode, readOnlyTools, ...apart});
    const servers = this.#servers.of({
      ...{key: serverKey, binary, env: variables, isAnswered, readOnlyTools, ...apart},
      ...(sandbox !== undefined && {sandbox}),
    });
    const {opencode, approach} = servers;
    const trusting = trust === 'all' ? TRUSTS_ALL : new RepositoryTrust({env: variables, topOf, dataDir});
    const entrance = new Entrance({trust: trusting, approach});
    const memory = new OfferMemory({
      ...{folder: join(keptIn ?? dataDir, OFFERS), key: serverKey, binary, env: variables, log},
    });
    void memory.tidy();
    const catalog = new OpenCodeCatalog({
      ...{opencode, entrance, memory, model, modelNames, allowSubagents, neutral: dataDir},
    });
    const here: Environment = {
      ...{key, catalog, asking, serialWriters, ceilings, modelNames},
      sessions: sessionPlace(
        sandbox === undefined ? variables : sandboxedEnvironment(keptIn ?? dataDir, variables),
      ),
      isConfined: sandbox !== undefined,
      trust: trusting,
      runner: new OpenCodeRunner({
        ...servers,
        ...{entrance, log},
        limits: settings.runaway,
        readOnlyTools,
      }),
      worktrees: new ConcealedWorktrees(new GitWorktrees({root: worktrees, env: variables}), servers.conceal),
      headlines: new SmallModelHeadlines({opencode, entrance, catalog, log}),
    };
    const environment =
      settings.pool === undefined
        ? here
        : this.#options.pools.with(here, {settings: settings.pool, model, env: variables, worktrees});
    return {environment, variables, serverKey, onEvent: settings.onEvent, clients: 0, usedAt: 0};
  }
}

/** What its delegations have as their environment, here and elsewhere. */
function keysOf({environment: {key, pool}}: Pick<Known, 'environment'>): readonly string[] {
  return pool === undefined ? [key] : [key, pool.environment.key];
}
