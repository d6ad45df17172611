import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Delegation} from '../model/delegation.ts';
import type {Store} from '../model/ports.ts';
import type {Amendment} from './amendments.ts';

export interface LateTextOptions {
  readonly store: Store;
  readonly log: Logger;
  /** The whole text, with what has come since. */
  readonly text: string;
  readonly amend: (change: Amendment) => Promise<Delegation>;
}

/** Writes a text that came after the end into the record, which nobody has read as it then is. */
export async function addLate(
  ended: Delegation,
  {store, log, text, amend}: LateTextOptions,
): Promise<Delegation> {
  const words = await store.reads().catch(() => []);
  let wasRead = words.some(({project, id}) => project === ended.project && id === ended.id);
  // It was said of the text as it was.
  if (wasRead) await store.dropRead(ended).catch(() => {});
  const record = await amend(({readAt, ...latest}) => {
    wasRead ||= readAt !== undefined;
    return {...latest, text};
  });
  if (!wasRead) return record;
  try {
    // Afterwards: one who looks at a record that was read has nothing to tell.
    await store.tellAgain(record);
  } catch (error) {
    log.warn(`${ended.id} is unread again, and its session is not told of that: ${messageOf(error)}`);
  }
  return record;
}
