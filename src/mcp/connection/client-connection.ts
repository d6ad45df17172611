import {statSync} from 'node:fs';
import {isAbsolute, parse} from 'node:path';
import {contains} from '../../base/contains.ts';
import {Refusal} from '../../base/errors.ts';
import {realPathSync} from '../../base/real-path.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {Client} from '../../delegation/model/delegation.ts';
import {pathOf} from './given-path.ts';

/** Clients that give a call more time whenever it reports progress, by the name they give themselves. */
const EXTENDS_ON_PROGRESS = /^(opencode|claude-code|claude code)/i;

/** A client that answers does so at once. One that never does must not keep a call from being answered. */
const ROOTS_MS = 2_000;

export interface ClientConnectionOptions {
  /** The working directory that the client started us in. */
  readonly cwd: string;
  /** The home of the client's user, where its environment names one. */
  readonly home?: string | undefined;
  /** The names a client's directories go by in the store. */
  readonly projectOf: (directory: string) => Promise<string>;
  readonly identity: () => Client;
  /** Asks for the client's root URIs; empty when it offers none. Settles when the client answers, if it does. */
  readonly roots: () => Promise<readonly string[]>;
  /** True when the project has a delegation of that id. */
  readonly knows: (project: string, id: string) => Promise<boolean>;
}

/** What we know of the client at the other end of one connection. */
export class ClientConnection {
  readonly #options: ClientConnectionOptions;
  #directory: Promise<string> | undefined;
  #project: Promise<string> | undefined;
  #roots: Promise<readonly string[]> | undefined;
  /** Resolves when roots have come that were not waited for any longer. */
  #late: Promise<void> | undefined;
  /** All that this connection has worked in, as its roots may have come late or have changed. */
  readonly #projects = new Set<string>();

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
  async directory(): Promise<string> {
    await this.#hear();
    this.#directory ??= this.#findDirectory();
    return this.#directory;
  }

  /**
   * The project whose delegations this client sees.
   * @param id a delegation that is meant: where an earlier project of this connection has it, that one.
   */
  async project(id?: string): Promise<string> {
    await this.#hear();
    this.#project ??= this.directory().then((directory) => this.#options.projectOf(directory));
    const now = await this.#project;
    this.#projects.add(now);
    if (id === undefined || this.#projects.size === 1 || (await this.#options.knows(now, id))) return now;
    for (const earlier of this.#projects) if (await this.#options.knows(earlier, id)) return earlier;
    return now;
  }

  /** To be called when the client's roots have changed. */
  rootsChanged(): void {
    this.#roots = undefined;
    this.#lookAgain();
  }

  /**
   * The directory of a call that names none.
   * @throws Refusal when the client told us nothing better than the top of the file system.
   */
  async workingDirectory(): Promise<string> {
    const directory = await this.directory();
    if (directory !== parse(directory).root) return directory;
    const why = this.#late === undefined ? 'named no project' : 'has not said yet which folders it works in';
    throw new Refusal(
      `This client started the server in ${directory} and ${why}, so it is not known where to work. Give directory as an absolute path.`,
    );
  }

  /** The path that a client or its model names: `~` is the home of the client's user. */
  path(given: string): string {
    return pathOf(given, this.#options.home);
  }

  async #findDirectory(): Promise<string> {
    const {cwd, roots} = this.#options;
    this.#roots ??= roots();
    const asked = this.#roots;
    const uris = await withTimeout(ROOTS_MS, asked, undefined);
    if (uris !== undefined) return directoryIn(uris.map((uri) => this.path(uri)).filter(isAbsolute), cwd);
    this.#late = asked.then(() => {
      if (asked === this.#roots) this.#lookAgain();
    });
    return cwd;
  }

  /** Roots that have come before a call count in it. */
  async #hear(): Promise<void> {
    if (this.#late !== undefined) await withTimeout(0, this.#late, undefined);
  }

  #lookAgain(): void {
    this.#late = undefined;
    this.#directory = undefined;
    this.#project = undefined;
  }
}

/** The folder of several to work in. What is no folder is taken only where there is nothing else. */
function directoryIn(folders: readonly string[], cwd: string): string {
  const here = realPathSync(cwd);
  if (folders.some((folder) => contains(realPathSync(folder), here))) return cwd;
  return folders.find(isFolder) ?? folders[0] ?? cwd;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // It is not there, may not be looked at, or is no path at all.
    return false;
  }
}
