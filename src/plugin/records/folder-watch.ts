import {type FSWatcher, watch} from 'node:fs';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';

/** Some file systems tell nobody of changes; then this is how late an end is seen. */
const SCAN_MS = 15_000;

interface Watched {
  readonly watcher: FSWatcher | undefined;
  readonly listeners: Set<FolderListener>;
}

/** Called with the name of what has just changed, an empty one where that is not known, and none at a scan. */
export type FolderListener = (name: string | undefined) => void;

/** Watches folders for as long as somebody listens, with a slow scan behind it. Keeps no process alive. */
export class FolderWatch {
  readonly #log: Logger;
  readonly #folders = new Map<string, Watched>();
  #scan: ReturnType<typeof setInterval> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Listens until the returned function is called. */
  listen(folder: string, listener: FolderListener): () => void {
    const watched = this.#folders.get(folder) ?? {
      watcher: this.#watch(folder),
      listeners: new Set<FolderListener>(),
    };
    this.#folders.set(folder, watched);
    watched.listeners.add(listener);
    this.#scan ??= setInterval(() => this.#changed(), SCAN_MS);
    this.#scan.unref();
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size > 0 || this.#folders.get(folder) !== watched) return;
      this.#folders.delete(folder);
      watched.watcher?.close();
      if (this.#folders.size === 0) this.close();
    };
  }

  close(): void {
    clearInterval(this.#scan);
    this.#scan = undefined;
    for (const {watcher} of this.#folders.values()) watcher?.close();
    this.#folders.clear();
  }

  #watch(folder: string): FSWatcher | undefined {
    try {
      const watcher = watch(folder, {persistent: false}, (_, name) => this.#changed(folder, name ?? ''));
      watcher.on('error', (error) => this.#log.warn(`${folder} is only scanned: ${messageOf(error)}`));
      return watcher;
    } catch (error) {
      this.#log.warn(`${folder} is only scanned: ${messageOf(error)}`);
      return undefined;
    }
  }

  #changed(folder?: string, name?: string): void {
    for (const [path, {listeners}] of this.#folders) {
      if (folder === undefined || folder === path) for (const listener of [...listeners]) listener(name);
    }
  }
}
