import {ParentSession, type ParentSessionOptions} from './parent-session.ts';

interface Held {
  readonly session: ParentSession;
  /** How many hooks of OpenCode are at work in it. */
  hooks: number;
}

/** The sessions of this process that something may have to be told, made when they are first needed. */
export class ParentSessions {
  readonly #options: () => Omit<ParentSessionOptions, 'id'>;
  readonly #held = new Map<string, Held>();

  /** @param options asked for each session again: where the records are may have changed. */
  constructor(options: () => Omit<ParentSessionOptions, 'id'>) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Does what a hook does in a session, which is not let go of meanwhile. */
  async in<T>(id: string, hook: (session: ParentSession) => Promise<T>): Promise<T> {
    const held = this.#held.get(id) ?? {session: new ParentSession({...this.#options(), id}), hooks: 0};
    this.#held.set(id, held);
    held.hooks += 1;
    return hook(held.session).finally(() => {
      held.hooks -= 1;
    });
  }

  known(id: string): ParentSession | undefined {
    return this.#held.get(id)?.session;
  }

  /** Lets go of a session that waits for nothing: anyone who speaks in it next makes it again. */
  async rest(id: string): Promise<void> {
    const held = this.#held.get(id);
    if (held === undefined || !(await held.session.isAtRest())) return;
    if (held.hooks === 0 && this.#held.get(id) === held) this.remove(id);
  }

  remove(id: string): void {
    this.#held.get(id)?.session.close();
    this.#held.delete(id);
  }

  close(): void {
    for (const id of [...this.#held.keys()]) this.remove(id);
  }
}
