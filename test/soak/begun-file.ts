import {type FSWatcher, watch} from 'node:fs';
import {withTimeout} from '../../src/base/with-timeout.ts';
import {projectsIn} from './projects.ts';

/** What is there only while something is being written or claimed. */
const BEGUN = /\.(tmp|claim)$/;

/**
 * Resolves as soon as somebody has begun to write a record or has claimed one: anyone who is killed then has no time to
 * finish. False when nobody has within the time.
 */
export async function aFileIsBegun(dataDir: string, withinMs: number): Promise<boolean> {
  const watchers: FSWatcher[] = [];
  try {
    const begun = new Promise<boolean>((resolve) => {
      for (const folder of projectsIn(dataDir)) {
        watchers.push(watch(folder, (_, name) => name !== null && BEGUN.test(name) && resolve(true)));
      }
    });
    return await withTimeout(withinMs, begun, false);
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}
