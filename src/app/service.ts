import type {Readable, Writable} from 'node:stream';
import {messageOf, Refusal} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {type Config, ConfigError, type DelegationSettings, readConfig} from '../config.ts';
import {STAMP_SECRET} from '../contract/stamp-secret.ts';
import {PersonEvents} from '../control/person-events.ts';
import {ControlConnection} from '../control/serve.ts';
import {Delegations} from '../delegation/delegations.ts';
import type {Environment} from '../delegation/model/ports.ts';
import type {EnvironmentStatus} from '../link/handshake.ts';
import {serveConnection} from '../mcp/serve.ts';
import {thisProcess} from '../process/identity.ts';
import {MarkdownStore} from '../store/markdown-store.ts';
import {ClientEnvironments, type Entered} from './environments.ts';
import {notInForce} from './not-in-force.ts';
import {Pools, type PoolsOptions} from './pools.ts';

export interface ServiceOptions {
  /** The settings of the client that came first: those of the host are taken from it. */
  readonly config: Config;
  /** The environment of that client. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly version: string;
  /** Connects to the database of a pool. Default: with the engine. */
  readonly connect?: PoolsOptions['connect'];
}

export interface ServiceClient {
  /** The working directory of the client. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What its environment sets. */
  readonly config: Config;
  readonly input: Readable;
  readonly output: Writable;
}

/** The service as others in its process use it. */
export interface Within {
  readonly environment: Environment;
  readonly delegations: Delegations;
  readonly projectOf: (directory: string) => Promise<string>;
  /** Idempotent. */
  readonly leave: () => void;
  /** As {@link Entered.end}. */
  readonly end: () => Promise<void>;
}

/** Owns the delegations and everything they need, and serves any number of clients from any environment. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #store: MarkdownStore;
  readonly #pools: Pools;
  readonly #environments: ClientEnvironments;
  readonly #delegations: Delegations;
  #recovering: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ServiceOptions) {
    const {config, env, log, connect} = options;
    const {dataDir, host} = config;
    this.#options = options;
    this.#store = new MarkdownStore({root: dataDir, log});
    this.#pools = new Pools({
      ...{dataDir, log, ...(connect !== undefined && {connect})},
      read: ({project, id}) => this.#store.read(project, id),
      keep: (named, entries) => this.#store.keepConversation(named, entries),
      amend: (ended, text) => this.#delegations.addLate(ended, text),
    });
    this.#environments = new ClientEnvironments({
      ...{dataDir, log, serverIdleMs: host.serverIdleMs, pools: this.#pools},
      activeIn: (key) => this.#delegations.activeIn(key),
    });
    this.#delegations = new Delegations({
      environments: this.#environments,
      store: this.#store,
      owner: thisProcess(),
      concurrency: host.concurrency,
      limits: host.limits,
      log,
    });
    const events = new PersonEvents({
      commandOf: ({owner}) => this.#environments.eventsOf(owner.environment),
      artifact: ({project, id}) => this.#store.artifact(project, id),
      cwd: dataDir,
      log,
    });
    this.#delegations.watch((delegation) => events.happened(delegation));
    this.#delegations.watch((delegation) => this.#pools.happened(delegation));
    // Recovery needs an environment before the first client has come.
    this.#environments.enter(env, config.delegation).leave();
  }

  /** Serves one client until its input ends or the returned handle is closed. */
  serve({cwd, env, config, input, output}: ServiceClient): {close(): Promise<void>} {
    const {log, version, config: own} = this.#options;
    const {environment, isNew, leave} = this.#environments.enter(env, config.delegation);
    // What waited for somebody from this environment can go on.
    if (isNew) this.#lookAgain();
    const connection = serveConnection(
      {
        delegations: this.#delegations,
        artifact: (project, id) => this.#store.artifact(project, id),
        artifactText: (project, id) => this.#store.text(project, id),
        artifactSize: (project, id) => this.#store.size(project, id),
        projectOf: (directory) => this.#store.projectOf(directory),
        listed: () => void this.recover(),
        ...{log, version, inside: config.inside},
      },
      {
        ...{cwd, input, output, environment, home: env.HOME},
        notice: notInForce(env, config.host, own.host),
        stampSecret: env[STAMP_SECRET],
      },
    );
    return {close: () => connection.close().finally(leave)};
  }

  /**
   * Serves one of people's tools until its input ends or the returned handle is closed. It is in no environment before it
   * delegates: a look changes nothing.
   */
  control({env, input, output}: Omit<ServiceClient, 'config'>): {close(): Promise<void>} {
    const {log, version} = this.#options;
    let entered: Entered | undefined;
    const connection = new ControlConnection({
      ...{delegations: this.#delegations, version, input, output, log},
      projectOf: (directory) => this.#store.projectOf(directory),
      environment: () => {
        entered ??= this.#environments.enter(env, settingsOf(env));
        return entered.environment;
      },
    });
    return {close: () => connection.close().finally(() => entered?.leave())};
  }

  /**
   * For those in this very process who delegate, in an environment that they have until they leave it.
   * @param keptIn as of {@link ClientEnvironments.enter}.
   */
  within(env: NodeJS.ProcessEnv, settings: DelegationSettings, keptIn?: string): Within {
    const {environment, leave, end} = this.#environments.enter(env, settings, keptIn);
    return {
      ...{environment, leave, end, delegations: this.#delegations},
      projectOf: (directory) => this.#store.projectOf(directory),
    };
  }

  /** Removes all records of a project. None of its delegations may be open. @throws when it cannot. */
  removeProject(project: string): Promise<void> {
    return this.#store.removeProject(project);
  }

  /** Removes what nobody will ask for any more of what is noted beside the records. Never rejects. */
  tidy(): Promise<void> {
    return this.#store.tidy();
  }

  /** Looks after what an earlier process left behind, once. What goes wrong with it is logged. */
  recover(): Promise<void> {
    this.#recovering ??= this.#recover();
    return this.#recovering;
  }

  /** How many delegations have not ended. */
  get active(): number {
    return this.#delegations.active;
  }

  /** How many of them run on other machines. */
  get elsewhere(): number {
    return this.#delegations.elsewhere;
  }

  /** True when nothing is lost by ending. */
  get isIdle(): boolean {
    return this.active === 0;
  }

  get environments(): readonly EnvironmentStatus[] {
    return this.#environments.status;
  }

  /** Ends what runs, as `interrupted`, then every OpenCode server. Resolves when nothing is left. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#delegations
      .close()
      .then(() => this.#pools.close())
      .then(() => this.#environments.close());
    return this.#closing;
  }

  #lookAgain(): void {
    if (this.#recovering !== undefined) this.#recovering = this.#recovering.then(() => this.#recover());
  }

  async #recover(): Promise<void> {
    await this.#delegations.recover().catch((error: unknown) => {
      this.#options.log.error(`what an earlier process left could not be looked after: ${messageOf(error)}`);
    });
    await this.tidy();
    await this.#pools.tidy();
  }
}

/** @throws Refusal when what the environment sets cannot be used. */
function settingsOf(env: NodeJS.ProcessEnv): DelegationSettings {
  try {
    return readConfig(env).delegation;
  } catch (error) {
    throw error instanceof ConfigError ? new Refusal(error.message, {cause: error}) : error;
  }
}
