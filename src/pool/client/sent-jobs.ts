import {messageOf} from '../../base/errors.ts';
import type {WorkOrder} from '../mail/letters.ts';
import {Mail} from '../mail/mail.ts';
import type {JobStanding} from '../queue/queue.ts';
import type {PoolAccess, PoolLink} from './link.ts';
import {isKept} from './taking.ts';

/** A job of the owner's in the pool, whichever machine of theirs has sent it. */
export interface SentJob {
  readonly job: string;
  readonly order: WorkOrder;
  readonly standing: Exclude<JobStanding, {is: 'unknown'}>;
  readonly mail: Mail;
  /** This machine has sent it, and takes its end by itself. */
  readonly isOwn: boolean;
}

/** All jobs of the owner, the oldest first. Those that cannot be read are told to `unreadable`. */
export async function sentJobsOf(
  link: PoolLink,
  access: PoolAccess,
  unreadable: (why: string) => void,
): Promise<readonly SentJob[]> {
  const {queue, owner} = access;
  const found: SentJob[] = [];
  for (const {id: job} of await queue.jobs(owner.fingerprint)) {
    const [kept, standing] = [await queue.job(job), await queue.standing(job)];
    if (kept === undefined || standing.is === 'unknown') continue;
    const mail = new Mail(job, access);
    // One of them has its end already, and the pool keeps it for what its worker may still say.
    if (standing.is === 'lost' && (await isKept(mail))) continue;
    try {
      const order = mail.openedOrder(kept);
      const {project, delegation: id} = order;
      found.push({job, order, standing, mail, isOwn: link.jobOf({project, id}) === job});
    } catch (error) {
      unreadable(`${job} cannot be read: ${messageOf(error)}`);
    }
  }
  return found;
}
