import {HARVEST} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import type {JobStanding} from '../queue/queue.ts';
import type {Sent} from './code.ts';

/** The branch of a job that waits in the pool. */
export interface WaitingHarvest extends Sent {
  /** The file that has its bundle. */
  readonly file: string;
  readonly notes: readonly string[];
}

/** What its worker has given, or what the last checkpoint has of a lost one; `undefined` where there is nothing. */
export async function harvestIn(
  standing: Extract<JobStanding, {is: 'returned' | 'lost'}>,
  mail: Mail,
): Promise<WaitingHarvest | undefined> {
  if (standing.is === 'returned') {
    const {harvest, notes} = mail.openedResult(standing.result);
    return harvest === undefined ? undefined : {...harvest, file: HARVEST, notes};
  }
  const last = (await mail.toldOwner()).filter((letter) => letter.is === 'checkpoint').at(-1);
  if (last === undefined) return undefined;
  const at = new Date(last.at).toISOString();
  const notes = [`As it was at ${at}, when its worker had last put its files where they are safe.`];
  return {...last.harvest, file: last.file, notes};
}
