import {quoted} from '../base/safe-text.ts';
import type {Waiting, WaitReason} from '../delegation/model/waiting.ts';
import {clock, counted} from './format.ts';

/** Facts about its place in the queue; none where it does not wait. */
export function renderWaiting(waiting: Waiting | undefined, now: number): readonly string[] {
  return waiting === undefined ? [] : [`place ${waiting.place}`, renderReason(waiting.reason, now)];
}

export function renderReason(reason: WaitReason, now: number): string {
  switch (reason.is) {
    case 'all slots taken':
      return `all ${counted(reason.limit, 'slot')} taken`;
    case 'lane full':
      return `${quoted(reason.lane)} is at its limit of ${reason.limit}`;
    case 'rate-limited':
      return `${quoted(reason.lane)} is rate-limited until ${clock(reason.until, now)}`;
    case 'elsewhere':
      return quoted(reason.why);
    case 'other writer':
      return `waits for ${reason.id}, which can write in the same directory`;
  }
}
