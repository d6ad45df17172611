import {Person} from './person.ts';
import type {Random} from './random.ts';
import {Worker} from './worker.ts';
import type {World} from './world.ts';

const WORKERS = 4;

/** Everyone who delegates: clients from the beginning, and a person at OpenCode who comes later. */
export class Cast {
  readonly workers: readonly Worker[];
  readonly person: Person;
  readonly #acting: Promise<void>[];
  #hasPerson = false;

  constructor(world: World, random: Random) {
    this.workers = Array.from(
      {length: WORKERS},
      (_, n) => new Worker(`worker ${n + 1}`, world, random.fork()),
    );
    this.person = new Person(world, random.fork());
    this.#acting = this.workers.map((worker) => worker.client.run());
  }

  /** Idempotent. */
  letPersonIn(): void {
    if (this.#hasPerson) return;
    this.#hasPerson = true;
    this.#acting.push(this.person.run());
  }

  /** Resolves when nobody says anything any more. */
  async stop(): Promise<void> {
    for (const worker of this.workers) worker.client.stop();
    this.person.stop();
    await Promise.all(this.#acting);
  }
}
