import {rm} from 'node:fs/promises';
import {Refusal} from '../../base/errors.ts';
import {LETTERS_VERSION, WHOLE} from '../mail/letters.ts';
import {JobOver} from '../queue/errors.ts';
import {bundleBytes} from '../travel/bundle-file.ts';
import type {Travel} from '../travel/travel.ts';
import type {ClientCode, Departure} from './code.ts';
import type {PoolLink} from './link.ts';

const v = LETTERS_VERSION;

export interface SendWholeOptions {
  readonly job: string;
  readonly link: PoolLink;
  readonly code: Pick<ClientCode, 'departWhole'>;
  /** In the checkout that it was sent from. */
  readonly directory: string;
  readonly planned: Pick<Departure, 'travel' | 'luggage'>;
  readonly signal: AbortSignal;
}

/** Sends all of the code to a worker that cannot fetch it, or says why that cannot be. Once for each job. */
export async function sendWhole(options: SendWholeOptions): Promise<void> {
  const {job, link, signal} = options;
  await link.persist(
    async ({queue}) => {
      if ((await queue.standing(job)).is !== 'leased') return;
      const mail = await link.mailOf(job);
      const told = await mail.toldWorker();
      if (told.some(({is}) => is === 'whole' || is === 'not whole')) return;
      const whole = await departed(options);
      if (whole instanceof Refusal) return mail.toWorker({v, is: 'not whole', why: whole.message});
      try {
        await mail.putFile(WHOLE, bundleBytes(whole.luggage));
        await mail.toWorker({v, is: 'whole', travel: whole.travel});
      } catch (error) {
        // It has come to its end meanwhile.
        if (!(error instanceof JobOver)) throw error;
      } finally {
        await rm(whole.luggage, {force: true});
      }
    },
    {signal},
  );
}

async function departed({
  code,
  directory,
  planned,
}: SendWholeOptions): Promise<{readonly travel: Travel; readonly luggage: string} | Refusal> {
  try {
    return await code.departWhole(directory, planned);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
