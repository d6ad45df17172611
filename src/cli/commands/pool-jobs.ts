import {messageOf, Refusal} from '../../base/errors.ts';
import {oneLine} from '../../base/safe-text.ts';
import type {SentJob} from '../../pool/client/sent-jobs.ts';
import type {PoolSettings} from '../../settings/pool.ts';
import {EXIT, type Invocation} from '../line/command.ts';
import {type OwnJobs, withOwnJobs} from '../sources/collecting.ts';

/** Shows what the person's machines have in the pool. */
export async function showJobs(call: Invocation, pool: PoolSettings): Promise<number> {
  const {env, version, terminal} = call;
  const unreadable = (why: string) => terminal.complain(why);
  return withOwnJobs({env, version, pool, unreadable}, async ({sent}) => {
    terminal.print(
      ...(sent.length === 0 ? ['None of your machines has anything in this pool.'] : sent.map(jobLine)),
    );
    return EXIT.ok;
  });
}

/** Collects those that are named, or all that have ended and belong to the repository that the person is in. */
export async function collectJobs(
  call: Invocation,
  {pool, ids}: {readonly pool: PoolSettings; readonly ids: readonly string[]},
): Promise<number> {
  const {env, version, terminal, cwd: directory} = call;
  const unreadable = (why: string) => terminal.complain(why);
  return withOwnJobs({env, version, pool, unreadable}, async (jobs) => {
    const wanted = ids.length === 0 ? await waitingHere(jobs, directory) : named(jobs, ids);
    if (wanted.length === 0) {
      terminal.print('Nothing of another machine of yours waits for this repository in the pool.');
      return EXIT.ok;
    }
    const project = await jobs.projectOf(directory);
    let failed = 0;
    for (const one of wanted) {
      try {
        const {id, state, worktree} = await jobs.collecting.collect(one, {directory, project});
        const branch = worktree?.outcome?.is === 'kept' ? ` · branch ${worktree.branch}` : '';
        terminal.print(`${id} · ${state.status}${branch} · ${oneLine(one.order.title)}`);
      } catch (error) {
        failed += 1;
        terminal.complain(messageOf(error));
      }
    }
    return failed === 0 ? EXIT.ok : EXIT.failed;
  });
}

async function waitingHere({sent, isHere}: OwnJobs, directory: string): Promise<readonly SentJob[]> {
  const ended = sent.filter(({isOwn, standing: {is}}) => !isOwn && (is === 'returned' || is === 'lost'));
  const here = await Promise.all(ended.map((one) => isHere(one, directory)));
  return ended.filter((_, index) => here[index]);
}

function named({sent}: OwnJobs, ids: readonly string[]): readonly SentJob[] {
  return ids.flatMap((id) => {
    const found = sent.filter(({order}) => order.delegation === id);
    if (found.length > 0) return found;
    throw new Refusal(
      `None of your machines has "${oneLine(id)}" in this pool. \`opencode-delegate pool jobs\` shows what they have.`,
    );
  });
}

/** One line about a job. */
function jobLine({order, standing, isOwn}: SentJob): string {
  const {delegation, title, travel, from} = order;
  const sender = isOwn ? 'this machine' : (from?.host ?? 'another machine of yours');
  const how = {
    waiting: 'waits for a worker',
    leased: `at work on ${'worker' in standing ? standing.worker : ''}`,
    returned: 'has ended, and waits to be taken',
    lost: 'its worker is lost',
  }[standing.is];
  return [
    delegation,
    oneLine(how),
    oneLine(travel.repository),
    `from ${oneLine(sender)}`,
    oneLine(title),
  ].join(' · ');
}
