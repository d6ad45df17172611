import {join} from 'node:path';
import type {Config} from './config.ts';
import {Delegations} from './delegation/delegations.ts';
import {messageOf} from './delegation/errors.ts';
import {thisProcess} from './delegation/owner.ts';
import {GitWorktrees} from './git/git-worktrees.ts';
import {environmentKey} from './host/environment-key.ts';
import type {Logger} from './log.ts';
import {type ConnectionOptions, serveConnection} from './mcp/serve.ts';
import {OpenCodeCatalog} from './opencode/catalog.ts';
import {SmallModelHeadlines} from './opencode/headlines.ts';
import {OpenCode} from './opencode/opencode.ts';
import {OpenCodeRunner} from './opencode/runner.ts';
import {MarkdownStore, WORKTREES} from './store/markdown-store.ts';
import {projectOf} from './store/project.ts';

export interface HostOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly version: string;
}

/** Owns the delegations and everything they need, and serves any number of connections. */
export class Host {
  readonly #options: HostOptions;
  readonly #opencode: OpenCode;
  readonly #guarded: OpenCode;
  readonly #catalog: OpenCodeCatalog;
  readonly #store: MarkdownStore;
  readonly #delegations: Delegations;
  readonly #projects = new Map<string, Promise<string>>();
  #recovering: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: HostOptions) {
    const {config, env, log, version} = options;
    this.#options = options;
    this.#store = new MarkdownStore({root: config.dataDir, log});
    const server = {
      ...{binary: config.binary, env, cwd: config.dataDir, log},
      isAnswered: config.asking.on === 'wait',
    };
    this.#opencode = new OpenCode({...server, isGuarded: false});
    this.#guarded = new OpenCode({...server, isGuarded: true});
    this.#catalog = new OpenCodeCatalog({
      opencode: this.#opencode,
      model: config.model,
      allowSubagents: config.allowSubagents,
    });
    this.#delegations = new Delegations({
      catalog: this.#catalog,
      worktrees: new GitWorktrees({root: join(config.dataDir, WORKTREES), env}),
      runner: new OpenCodeRunner({
        opencode: this.#opencode,
        guarded: this.#guarded,
        log,
        limits: config.runaway,
        readOnlyTools: config.readOnlyTools,
      }),
      headlines: new SmallModelHeadlines({opencode: this.#opencode, catalog: this.#catalog, log}),
      store: this.#store,
      owner: thisProcess(environmentKey({env, version})),
      concurrency: config.concurrency,
      asking: config.asking,
      limits: config.limits,
      serialWriters: config.serialWriters,
      log,
    });
  }

  /** Serves one client until its input ends or the returned handle is closed. */
  serve(connection: ConnectionOptions): {close(): Promise<void>} {
    const {log, version, config} = this.#options;
    return serveConnection(
      {
        delegations: this.#delegations,
        artifact: (project, id) => this.#store.artifact(project, id),
        artifactText: (project, id) => this.#store.text(project, id),
        artifactSize: (project, id) => this.#store.size(project, id),
        projectOf: (directory) => this.#projectOf(directory),
        warm: (directory) => this.#warm(directory),
        log,
        version,
        inside: config.inside,
        isAnswered: config.asking.on === 'wait',
      },
      connection,
    );
  }

  /** Looks after what an earlier process left behind, once. What goes wrong with it is logged. */
  recover(): Promise<void> {
    this.#recovering ??= this.#delegations.recover().catch((error: unknown) => {
      this.#options.log.error(`what an earlier process left could not be looked after: ${messageOf(error)}`);
    });
    return this.#recovering;
  }

  /** How many delegations have not ended. */
  get active(): number {
    return this.#delegations.active;
  }

  /** True when nothing is lost by ending. */
  get isIdle(): boolean {
    return this.active === 0;
  }

  /** Ends what runs, as `interrupted`, then the OpenCode server. Resolves when nothing is left. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#delegations
      .close()
      .then(() => Promise.all([this.#opencode.close(), this.#guarded.close()]))
      .then(() => {});
    return this.#closing;
  }

  #projectOf(directory: string): Promise<string> {
    const known = this.#projects.get(directory) ?? projectOf(directory);
    this.#projects.set(directory, known);
    return known;
  }

  /** Gets OpenCode ready for this directory, and looks after what an earlier process left behind, once. */
  #warm(directory: string): void {
    void this.recover();
    this.#catalog.warm(directory).catch((error: unknown) => {
      // The first delegate says it in full, to somebody who can mend it.
      this.#options.log.debug(`could not get ready for ${directory}: ${messageOf(error)}`);
    });
  }
}
