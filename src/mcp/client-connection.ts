import {parse} from 'node:path';
import {fileURLToPath} from 'node:url';
import {contains} from '../contains.ts';
import type {Client} from '../delegation/delegation.ts';
import {Refusal} from '../delegation/errors.ts';
import {pathOf} from './given-path.ts';

/** Clients that give a call more time whenever it reports progress, by the name they give themselves. */
const EXTENDS_ON_PROGRESS = /^(opencode|claude-code|claude code)/i;

export interface ClientConnectionOptions {
  /** The working directory that the client started us in. */
  readonly cwd: string;
  /** The home of the client's user, where its environment names one. */
  readonly home?: string | undefined;
  /** The names a client's directories go by in the store. */
  readonly projectOf: (directory: string) => Promise<string>;
  readonly identity: () => Client;
  /** The client's root URIs; empty when it offers none. */
  readonly roots: () => Promise<readonly string[]>;
}

/** What we know of the client at the other end of one connection. */
export class ClientConnection {
  readonly #options: ClientConnectionOptions;
  #directory: Promise<string> | undefined;
  #project: Promise<string> | undefined;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
  }

  get identity(): Client {
    return this.#options.identity();
  }

  /** True when a waiting call outlives the client's limit as long as it reports progress. */
  get extendsOnProgress(): boolean {
    return EXTENDS_ON_PROGRESS.test(this.identity.name);
  }

  /**
   * Where a delegation works when the call names no directory: where the client started us, unless that is
   * outside of all the roots it names (desktop clients start us anywhere), then its first root.
   */
  directory(): Promise<string> {
    this.#directory ??= this.#findDirectory();
    return this.#directory;
  }

  /** The project whose delegations this client sees. */
  project(): Promise<string> {
    this.#project ??= this.directory().then((directory) => this.#options.projectOf(directory));
    return this.#project;
  }

  /** To be called when the client's roots have changed. */
  rootsChanged(): void {
    this.#directory = undefined;
    this.#project = undefined;
  }

  /**
   * The directory of a call that names none.
   * @throws Refusal when the client told us nothing better than the top of the file system.
   */
  async workingDirectory(): Promise<string> {
    const directory = await this.directory();
    if (directory !== parse(directory).root) return directory;
    throw new Refusal(
      `This client started the server in ${directory} and named no project, so it is not known where to work. Give directory as an absolute path.`,
    );
  }

  /** The path that a client or its model names: `~` is the home of the client's user. */
  path(given: string): string {
    return pathOf(given, this.#options.home);
  }

  async #findDirectory(): Promise<string> {
    const {cwd, roots} = this.#options;
    const folders = (await roots()).flatMap((uri) => {
      try {
        return [fileURLToPath(uri)];
      } catch {
        // A root that is not on this machine's file system is nowhere that an agent could work.
        return [];
      }
    });
    return folders.some((folder) => contains(folder, cwd)) ? cwd : (folders[0] ?? cwd);
  }
}
