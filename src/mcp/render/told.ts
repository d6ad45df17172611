import {asksOf} from '../../delegation/model/delegation.ts';
import type {MessageTaken} from '../../delegation/read/telling.ts';
import {renderDelivery} from '../../report/delivery.ts';
import {renderBlocked} from './asks.ts';

/** What `delegation_reply` answers where nothing was decided. */
export function renderTold({delegation, message, delivery}: MessageTaken, now: number): string {
  const {id} = delegation;
  const done = `${id}: message ${message.number} is taken. ${renderDelivery(delivery)}`;
  if (asksOf(delegation).length > 0) return [done, ...renderBlocked(delegation, now)].join('\n');
  return `${done} The result is what it answers then; it says if it ended before. delegation_read("${id}") waits for it.`;
}
