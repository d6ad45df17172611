import type {Ask} from '../../delegation/model/ask.ts';
import {asksOf} from '../../delegation/model/delegation.ts';
import {blockedText, blockedToast, requestMark} from '../../report/notice.ts';
import type {Expected, SessionNotices} from '../../store/notices/session-notices.ts';
import type {UserOpenCode} from '../opencode/user-opencode.ts';
import type {SessionDelegation} from '../records/session-delegations.ts';
import type {Messenger} from './messenger.ts';

/** A request of a delegated agent that its session was not told of. */
interface Open {
  readonly item: SessionDelegation;
  readonly ask: Ask;
}

export interface RequestsOptions {
  readonly id: string;
  readonly opencode: UserOpenCode;
  readonly notices: SessionNotices;
  readonly messenger: Messenger;
}

/** Tells a session what its delegations' agents wait for: of each request once, and at once. */
export class Requests {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** Wakes the model where it was not told what one of these waits for. */
  async tell(blocked: readonly SessionDelegation[], remaining: number): Promise<void> {
    const {messenger, notices} = this.#options;
    const open: Open[] = [];
    for (const one of blocked.flatMap(untold)) if (await this.#isDue(one)) open.push(one);
    if (open.length === 0) return;
    const shown = open.map(({item, ask}) => ({head: item.head, ask}));
    await messenger.wake(blockedText(shown, remaining));
    for (const {item, ask} of open) await notices.confirm(item.expected, 'awake', ask.number);
    messenger.toast(blockedToast(shown));
  }

  /**
   * The model has seen what a delegation waits for, up to that request. It may have seen it before the record
   * has it, so what counts are the numbers alone.
   */
  async seen(expected: Expected, last: number): Promise<void> {
    const told = expected.requests ?? [];
    for (let number = 1; number <= last; number++) {
      if (!told.includes(number)) await this.#options.notices.confirm(expected, 'by reading', number);
    }
  }

  async #isDue({item: {expected, head}, ask}: Open): Promise<boolean> {
    const {notices, opencode, id} = this.#options;
    const claim = await notices.claim(expected, ask.number);
    if (claim === undefined || claim.isFirst) return claim !== undefined;
    const isTold = await opencode.hasHeard(id, requestMark(head, ask));
    if (isTold) await notices.confirm(expected, 'awake', ask.number);
    return !isTold;
  }
}

function untold(item: SessionDelegation): readonly Open[] {
  const told = item.expected.requests ?? [];
  return asksOf(item.head)
    .filter(({number}) => !told.includes(number))
    .map((ask) => ({item, ask}));
}
