/**
 * The delegations of one provider or model, which has limits of its own: how many run at once, and for how long
 * none may start because the provider has had too much.
 */
export class Lane {
  readonly name: string;
  /** How many may run at once when the provider has no complaint. */
  readonly limit: number;
  /** How many may run at once at present: never more than the limit, never less than one. */
  #allowed: number;
  /** When the provider may be asked again, in milliseconds since the epoch. */
  #limitedUntil = 0;
  #running = 0;

  constructor({name, limit}: {name: string; limit: number}) {
    this.name = name;
    this.limit = limit;
    this.#allowed = limit;
  }

  get allowed(): number {
    return this.#allowed;
  }

  get running(): number {
    return this.#running;
  }

  /** When the provider may be asked again; in the past when it has no complaint. */
  get limitedUntil(): number {
    return this.#limitedUntil;
  }

  isFull(): boolean {
    return this.#running >= this.#allowed;
  }

  started(): void {
    this.#running += 1;
  }

  /** One has ended. After the provider's complaint, each that ends lets one more run at once. */
  ended(now: number): void {
    this.#running -= 1;
    if (now >= this.#limitedUntil) this.#allowed = Math.min(this.limit, this.#allowed + 1);
  }

  /**
   * The provider has had too much. Half of those that run are let run at once from now on, or half of those that
   * may where none does (an agent of another lane has asked); complaints of others until the provider may be
   * asked again are the same complaint.
   */
  complained({now, until}: {now: number; until: number}): void {
    if (now >= this.#limitedUntil) {
      const atOnce = Math.min(this.#allowed, this.#running || this.#allowed);
      this.#allowed = Math.max(1, Math.floor(atOnce / 2));
    }
    this.#limitedUntil = Math.max(this.#limitedUntil, until);
  }
}
