import {asksOf, type DelegationHead} from '../model/delegation.ts';

/**
 * Which requests somebody who waits has been shown. Each ends a wait once: anyone who reads again without having
 * answered waits like for everything else.
 */
export class ShownAsks {
  /** The highest number that was shown of each delegation. */
  readonly #shown = new Map<string, number>();

  /** True when it waits on a request that was not shown yet. */
  isNews(head: DelegationHead): boolean {
    return newest(head) > (this.#shown.get(keyOf(head)) ?? 0);
  }

  shown(head: DelegationHead): void {
    const number = newest(head);
    if (number > 0) this.#shown.set(keyOf(head), number);
  }

  forget(head: DelegationHead): void {
    this.#shown.delete(keyOf(head));
  }
}

function newest(head: DelegationHead): number {
  return asksOf(head).at(-1)?.number ?? 0;
}

function keyOf({project, id}: DelegationHead): string {
  return `${project}/${id}`;
}
