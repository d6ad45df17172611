import {readFile, stat} from 'node:fs/promises';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Delegation, DelegationHead, Named} from '../../delegation/model/delegation.ts';
import {artifactIn} from '../../store/files/artifact.ts';
import {Words} from '../../store/files/words.ts';
import {versionOf} from '../../store/files/write-whole.ts';
import {parseHead, parseRecord} from '../../store/record/record.ts';

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
    return artifactIn(this.root, project, id);
  }

  /** The record without its long texts; `undefined` when there is none that can be understood. */
  async head(project: string, id: string): Promise<DelegationHead | undefined> {
    const path = this.artifact(project, id);
    const version = await versionAt(path);
    const known = this.#known.get(path);
    if (version === undefined) return undefined;
    if (known?.version === version) return known.head;
    // What cannot be read is said once, and looked at again when it has changed.
    const head = await this.#read(path, id, (file) => parseHead(file, project));
    this.#known.set(path, {version, head});
    return head;
  }

  /** Nobody waits for it any more. */
  forget(project: string, id: string): void {
    this.#known.delete(this.artifact(project, id));
  }

  /** Leaves word, for the one who may change the record, that somebody had the whole of it. False where that failed. */
  async markRead({project, id}: Named): Promise<boolean> {
    try {
      await new Words(this.root, 'read').add({project, id});
      this.forget(project, id);
      return true;
    } catch (error) {
      this.#log.warn(`${id} was told whole, and is named as unread all the same: ${messageOf(error)}`);
      return false;
    }
  }

  /** The whole record; `undefined` when there is none that can be understood. */
  async whole(project: string, id: string): Promise<Delegation | undefined> {
    return this.#read(this.artifact(project, id), id, (file) => parseRecord(file, project));
  }

  async #read<T extends DelegationHead>(
    path: string,
    id: string,
    parse: (file: string) => T,
  ): Promise<T | undefined> {
    try {
      const record = parse(await readFile(path, 'utf8'));
      if (record.id !== id) throw new Error(`it says that its id is ${record.id}`);
      return record;
    } catch (error) {
      this.#log.warn(`${path} is skipped: ${messageOf(error)}`);
      return undefined;
    }
  }
}

/** `undefined` where there is no file that can be seen. */
async function versionAt(path: string): Promise<string | undefined> {
  const stats = await stat(path, {bigint: true}).catch(() => undefined);
  return stats && versionOf(stats);
}
