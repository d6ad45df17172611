import {resolve} from 'node:path';
import {contains} from '../../base/contains.ts';
import {realPathSync} from '../../base/real-path.ts';
import type {LiveDelegation} from '../live/live.ts';
import type {AlsoChanged, Delegation} from '../model/delegation.ts';
import type {WaitReason} from '../model/waiting.ts';

/** So many others are named. */
const NAMED = 5;

interface Writer {
  readonly live: LiveDelegation;
  /** Links followed, so that two names of one directory are one. */
  readonly directory: string;
  /** Those that have run at the same time, for at least a moment. */
  readonly ranBeside: Set<Writer>;
  /** The files that it has changed, by absolute path, as its result names them; absent until it has ended. */
  changed?: ReadonlyMap<string, string>;
  readonly shared: AlsoChanged[];
}

export interface WritersOptions {
  /** Puts into a record that has ended which of its files others have changed as well. */
  readonly amend: (delegation: Delegation, alsoChanged: readonly AlsoChanged[]) => void;
}

/**
 * Which delegations can write where: all of this process but the read-only ones, and those in a worktree, which
 * write elsewhere.
 */
export class Writers {
  /** Those that have not ended, in the order they came. */
  readonly #known = new Map<LiveDelegation, Writer>();
  /** Those whose agent may be at work, also while it winds down. */
  readonly #running = new Set<Writer>();
  readonly #options: WritersOptions;

  constructor(options: WritersOptions) {
    this.#options = options;
  }

  /** Knows the delegation until it has ended. */
  track(live: LiveDelegation): void {
    if (live.record.access !== 'agent') return;
    const directory = realPathSync(live.record.directory);
    const writer: Writer = {live, directory, ranBeside: new Set(), shared: []};
    this.#known.set(live, writer);
    void live.ended.then(() => {
      this.#known.delete(live);
      // Those that still run know it; it need not know them, and those that they have met, for ever.
      writer.ranBeside.clear();
    });
  }

  /** What anyone who has just delegated it should know of others that can write in the same place. */
  notesFor(live: LiveDelegation): readonly string[] {
    const own = this.#known.get(live);
    if (own === undefined || live.environment.serialWriters) return [];
    const others = [...this.#known.values()].filter((other) => other !== own && overlap(own, other));
    if (others.length === 0) return [];
    const more = others.length > NAMED ? ` and ${others.length - NAMED} more` : '';
    return [
      `Also at work in this directory, and free to write: ${others.slice(0, NAMED).map(idOf).join(', ')}${more}. access "read-only" or "worktree" keeps delegations apart.`,
    ];
  }

  /** The first one that runs in the same place, where writers are to run one after the other. */
  waitsFor(live: LiveDelegation): WaitReason | undefined {
    const own = this.#known.get(live);
    if (own === undefined || !live.environment.serialWriters) return undefined;
    const other = [...this.#running].find((one) => overlap(own, one));
    return other && {is: 'other writer', id: idOf(other)};
  }

  started(live: LiveDelegation): void {
    const own = this.#known.get(live);
    if (own === undefined) return;
    for (const other of this.#running) {
      // One that winds down has told its files already.
      if (this.#known.has(other.live)) other.ranBeside.add(own);
      own.ranBeside.add(other);
    }
    this.#running.add(own);
  }

  /** Its agent works no more. */
  stopped(live: LiveDelegation): void {
    for (const writer of this.#running) if (writer.live === live) this.#running.delete(writer);
  }

  /**
   * Notes which files a delegation has changed that is about to end. Returns those that others have changed as well
   * while it ran; their own records are told.
   */
  ended(live: LiveDelegation, files: readonly string[]): readonly AlsoChanged[] {
    const own = this.#known.get(live);
    if (own === undefined) return [];
    const changed = new Map(files.map((file) => [resolve(own.directory, file), file]));
    own.changed = changed;
    for (const other of own.ranBeside) {
      const shared = [...changed].filter(([path]) => other.changed?.has(path));
      if (shared.length === 0) continue;
      own.shared.push(...shared.map(([, file]) => ({file, by: idOf(other)})));
      other.shared.push(...shared.map(([path]) => ({file: other.changed?.get(path) ?? path, by: idOf(own)})));
      // Its end may still be on its way to the disk.
      void other.live.ended.then((record) => this.#options.amend(record, [...other.shared]));
    }
    return [...own.shared];
  }
}

function idOf({live}: Writer): string {
  return live.record.id;
}

/** In the same directory, or one in a directory inside of the other's. */
function overlap({directory: a}: Writer, {directory: b}: Writer): boolean {
  return a === b || contains(a, b) || contains(b, a);
}
