import {join} from 'node:path';
import type {Logger} from '../../base/log.ts';
import type {DelegationHead, Named} from '../../delegation/model/delegation.ts';
import {ProjectIndex} from './project-index.ts';

/** What nobody has asked for in so long is not kept in memory any more, and read again when somebody does. */
const IDLE_MS = 15 * 60_000;

interface Used {
  readonly index: ProjectIndex;
  at: number;
}

/** The indexes of the projects that somebody has asked for lately. */
export class ProjectIndexes {
  readonly #root: string;
  readonly #log: Logger;
  readonly #used = new Map<string, Used>();

  /** @param root the folder that holds a folder for each project. */
  constructor({root, log}: {root: string; log: Logger}) {
    this.#root = root;
    this.#log = log;
  }

  of(project: string): ProjectIndex {
    const now = Date.now();
    for (const [name, {at}] of this.#used) if (now - at > IDLE_MS) this.#used.delete(name);
    const known = this.#used.get(project);
    if (known !== undefined) {
      known.at = now;
      return known.index;
    }
    const index = new ProjectIndex({project, folder: join(this.#root, project), log: this.#log});
    this.#used.set(project, {index, at: now});
    return index;
  }

  /** As it was when somebody looked last; `undefined` where nobody has. */
  known({project, id}: Named): DelegationHead | undefined {
    return this.#used.get(project)?.index.known(id);
  }

  /** Notes what this process has written itself; anyone who asks for the project first reads it there. */
  put(head: DelegationHead, version: string): void {
    this.#used.get(head.project)?.index.put(head, version);
  }
}
