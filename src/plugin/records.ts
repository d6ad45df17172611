import {readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {Delegation, DelegationHead} from '../delegation/delegation.ts';
import {messageOf} from '../delegation/errors.ts';
import type {Logger} from '../log.ts';
import {parseHead, parseRecord} from '../store/record.ts';

interface Known {
  readonly version: string;
  readonly head: DelegationHead | undefined;
}

/** Reads the records that sessions of this process wait for, and no others, each once for every change of it. */
export class Records {
  readonly root: string;
  readonly #log: Logger;
  readonly #known = new Map<string, Known>();

  constructor({root, log}: {root: string; log: Logger}) {
    this.root = root;
    this.#log = log;
  }

  artifact(project: string, id: string): string {
    return join(this.root, project, `${id}.md`);
  }

  /** The record without its long texts; `undefined` when there is none that can be understood. */
  async head(project: string, id: string): Promise<DelegationHead | undefined> {
    const path = this.artifact(project, id);
    try {
      const {ino, size, mtimeMs} = await stat(path);
      const version = `${ino}.${size}.${mtimeMs}`;
      const known = this.#known.get(path);
      if (known?.version === version) return known.head;
      const head = this.#parse(path, await readFile(path, 'utf8'), (file) => parseHead(file, project));
      this.#known.set(path, {version, head});
      return head;
    } catch (error) {
      this.#known.delete(path);
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return undefined;
    }
  }

  /** The whole record; `undefined` when there is none that can be understood. */
  async whole(project: string, id: string): Promise<Delegation | undefined> {
    const path = this.artifact(project, id);
    const file = await readFile(path, 'utf8').catch(() => undefined);
    return file === undefined ? undefined : this.#parse(path, file, () => parseRecord(file, project));
  }

  #parse<T>(path: string, file: string, parse: (file: string) => T): T | undefined {
    try {
      return parse(file);
    } catch (error) {
      this.#log.warn(`${path} is skipped: ${messageOf(error)}`);
      return undefined;
    }
  }
}
