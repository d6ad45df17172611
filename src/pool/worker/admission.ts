import {messageOf, Refusal} from '../../base/errors.ts';
import {type WorkOrder, workOrder} from '../mail/letters.ts';
import {understood} from '../mail/mail.ts';
import type {PoolJob} from '../queue/queue.ts';
import type {GroupKey} from '../seal/group-key.ts';
import {openedJob} from '../seal/sealed-job.ts';

/** What a worker does, and for whom. */
export interface Allowed {
  /** Fingerprints. */
  readonly owners: readonly string[] | 'all';
  /** As `host/path`, with `*` for any characters. */
  readonly repositories: readonly string[] | 'all';
  /** Names of agents; `all` for each that OpenCode has here. */
  readonly agents: readonly string[] | 'all';
}

/**
 * What a job asks for, if it is what its owner has signed and this worker does such work.
 * @throws Refusal in words for the owner.
 */
export function admitted(
  job: PoolJob,
  {group, allowed, now}: {readonly group: GroupKey; readonly allowed: Allowed; readonly now: number},
): WorkOrder {
  const order = opened(job, group, allowed);
  if (now > job.notAfter) {
    throw new Refusal(
      'It came too late: it was to be begun before that. Nothing was begun. Delegate it again.',
    );
  }
  const {repository} = order.travel;
  if (group.route(repository) !== job.route) {
    throw new Refusal('The pool has it for another repository than its owner says. Nothing was begun.');
  }
  if (!allows(allowed.repositories, repository)) {
    throw new Refusal(
      `This worker does not serve the repository ${repository}. Nothing was begun. A person can add it to its --repos.`,
    );
  }
  const {agents} = allowed;
  if (agents !== 'all' && (order.agent === undefined || !agents.includes(order.agent))) {
    const asked = order.agent === undefined ? 'work that names no agent' : `the agent "${order.agent}"`;
    throw new Refusal(`This worker does not run ${asked}: it runs ${agents.join(', ')}. Nothing was begun.`);
  }
  return order;
}

function opened(job: PoolJob, group: GroupKey, {owners}: Allowed): WorkOrder {
  try {
    const body = openedJob(job, group, (owner) => owners === 'all' || owners.includes(owner));
    return understood(workOrder, body);
  } catch (error) {
    throw new Refusal(`The worker refuses it: ${messageOf(error)} Nothing was begun.`, {cause: error});
  }
}

/** True where a pattern has the whole name. */
function allows(patterns: readonly string[] | 'all', name: string): boolean {
  return patterns === 'all' || patterns.some((pattern) => matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i').test(name);
}
