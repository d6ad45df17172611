import {oneLine} from '../../base/safe-text.ts';
import type {WorkerCard} from '../../pool/queue/queue.ts';

/** One line about a worker. */
export function workerLine({name, host, version, opencode, busy, concurrency, since}: WorkerCard): string {
  return [
    oneLine(name),
    `on ${oneLine(host)}`,
    `busy: ${busy} of ${concurrency}`,
    `opencode-delegate ${oneLine(version)}`,
    `OpenCode ${oneLine(opencode)}`,
    `since ${new Date(since).toISOString()}`,
  ].join(' · ');
}
