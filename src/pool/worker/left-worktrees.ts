import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {removeAll} from '../travel/remove-all.ts';

/** As git writes into a worktree where its repository is: here, in the checkout of a job. */
const OF_JOB = /^gitdir: .*\/jobs\/([^/\n]+)\/checkout\//;

/**
 * Removes the worktrees of jobs that are not there any more.
 * @param root the folder that the service of a worker makes its worktrees in.
 * @param jobs those that there is a checkout for.
 */
export async function removeLeftWorktrees(root: string, jobs: readonly string[]): Promise<void> {
  for (const project of await namesIn(root)) {
    for (const id of await namesIn(join(root, project))) {
      const path = join(root, project, id);
      const link = await readFile(join(path, '.git'), 'utf8').catch(() => '');
      const job = OF_JOB.exec(link)?.[1];
      if (job !== undefined && !jobs.includes(job)) await removeAll(path);
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, {withFileTypes: true}).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({name}) => name);
}
