import {oneLine} from '../../base/safe-text.ts';
import type {ShownDelegation} from '../../control/shown.ts';
import type {Attention} from '../opencode/api.ts';

/** Finds what a person has to be told: each end and each request of the sessions that they have looked at, once. */
export class Announcements {
  readonly #sessions = new Set<string>();
  /** Seen without an end: only of these, an end is news. */
  readonly #open = new Set<string>();
  readonly #told = new Set<string>();

  /** The person looks at this session, and hears of it from now on. */
  lookedAt(session: string): void {
    this.#sessions.add(session);
  }

  /** What is new since it was asked for last. */
  newsIn(all: readonly ShownDelegation[]): readonly Attention[] {
    return all.flatMap((shown) => {
      const key = `${shown.project}/${shown.id}`;
      const isNewEnd = shown.ended_at !== undefined && this.#open.delete(key);
      if (shown.ended_at === undefined) this.#open.add(key);
      if (shown.parent_session === undefined || !this.#sessions.has(shown.parent_session)) return [];
      return [
        ...shown.requests
          .filter(({number}) => this.#isNew(`${key}#${number}`))
          .map(({kind, what}): Attention => {
            const message = oneLine(`${shown.title}: ${what}`);
            return {title: 'A delegation needs you', message, sound: {name: kind}};
          }),
        ...(isNewEnd ? [endOf(shown)] : []),
      ];
    });
  }

  #isNew(key: string): boolean {
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    return true;
  }
}

function endOf({status, title}: ShownDelegation): Attention {
  return {
    title: `Delegation ${status}`,
    message: oneLine(title),
    sound: {name: status === 'completed' ? 'subagent_done' : 'error'},
  };
}
