import type {Delegation} from '../../delegation/model/delegation.ts';
import {CARRIED_CHARS} from '../../report/answer.ts';
import {canBeCarried} from '../../report/carried.ts';
import {type EndTold, endMark, noticeText, retrievalTag} from '../../report/notice.ts';
import type {SessionNotices, Told} from '../../store/notices/session-notices.ts';
import type {UserOpenCode} from '../opencode/user-opencode.ts';
import type {Records} from '../records/records.ts';
import type {SessionDelegation, SessionDelegations} from '../records/session-delegations.ts';

/** All answers that one message carries: ten that end at once should not fill the conversation. */
const MESSAGE_CHARS = 6_000;

export interface EndNoticesOptions {
  /** The session's. */
  readonly id: string;
  readonly opencode: UserOpenCode;
  readonly notices: SessionNotices;
  readonly records: Records;
  /** Where the session works. */
  readonly directory: string;
}

export interface EndNotice {
  readonly text: string;
  readonly items: readonly SessionDelegation[];
  /** Those of which it says all that there is: anyone who has it need not read them. */
  readonly whole: readonly SessionDelegation[];
}

/** What one session is told of ends: a short answer itself, to the letter, and of any other where it is. */
export class EndNotices {
  readonly #options: EndNoticesOptions;

  constructor(options: EndNoticesOptions) {
    this.#options = options;
  }

  /** @param unread what was told before without a turn of the model, and is named once more. */
  async compose(
    items: readonly SessionDelegation[],
    {running, unread}: Pick<SessionDelegations, 'running' | 'unread'>,
  ): Promise<EndNotice> {
    const {records, directory} = this.#options;
    const ended: EndTold[] = [];
    const whole: SessionDelegation[] = [];
    let room = MESSAGE_CHARS;
    for (const item of items) {
      const {project, id} = item.head;
      const delegation = await records.whole(project, id);
      const size = delegation === undefined ? Number.POSITIVE_INFINITY : sizeOf(delegation);
      const fits = delegation !== undefined && size <= Math.min(CARRIED_CHARS, room);
      if (!fits) {
        ended.push({head: item.head});
        continue;
      }
      const {text} = delegation;
      if (!canBeCarried(text)) {
        ended.push({head: delegation, isWithheld: true});
        continue;
      }
      ended.push({head: delegation, text});
      whole.push(item);
      room -= size;
    }
    const text = noticeText({
      ...{ended, toldBefore: unread.map(({head}) => head), remaining: running.length, from: directory},
      artifact: (project, id) => records.artifact(project, id),
    });
    return {text, items, whole};
  }

  /** True when the transcript has it, as an earlier attempt got there after all; that is noted then. */
  async wasTold(item: SessionDelegation): Promise<boolean> {
    const {id, opencode} = this.#options;
    if (!(await opencode.hasHeard(id, endMark(item.head)))) return false;
    const isWhole = !(await opencode.hasHeard(id, retrievalTag(item.head.id)));
    await this.delivered({text: '', items: [item], whole: isWhole ? [item] : []}, 'awake');
    return true;
  }

  /** It is in the transcript. What it says all of counts as read, and is waited for no more. */
  async delivered({items, whole}: EndNotice, told: Told): Promise<void> {
    await this.confirm(items, told);
    for (const {expected} of whole) {
      if (await this.#options.records.markRead(expected)) await this.#options.notices.forget(expected);
    }
  }

  /** The session was told of these. */
  async confirm(items: readonly SessionDelegation[], told: Told): Promise<void> {
    for (const {expected} of items) await this.#options.notices.confirm(expected, told);
  }
}

function sizeOf({text, state}: Delegation): number {
  return text.length + ('error' in state ? (state.error?.length ?? 0) : 0);
}
