import {join} from 'node:path';
import {NAME} from '../../base/name.ts';
import {Git} from '../../git/git.ts';
import {CollectReceipts} from '../../pool/client/collect-receipts.ts';
import {Collecting} from '../../pool/client/collecting.ts';
import {poolFolder, poolNameOf, poolsFolder, sessionsOf} from '../../pool/client/environment.ts';
import {PoolLink} from '../../pool/client/link.ts';
import {machineIn} from '../../pool/client/machine.ts';
import {type SentJob, sentJobsOf} from '../../pool/client/sent-jobs.ts';
import {TravellingCode} from '../../pool/client/travelling-code.ts';
import {keyFilesIn, readGroupKey, readOwnerKey} from '../../pool/keys/key-files.ts';
import {belongsIn} from '../../pool/travel/homeward.ts';
import {thisProcess} from '../../process/identity.ts';
import type {PoolSettings} from '../../settings/pool.ts';
import {WORKTREES} from '../../store/files/project-name.ts';
import {withPool} from './pool.ts';
import {QUIET, RecordsOnDisk} from './records.ts';

/** What a person's machines have in a pool, as this one sees it. */
export interface OwnJobs {
  readonly sent: readonly SentJob[];
  readonly collecting: Collecting;
  readonly projectOf: (directory: string) => Promise<string>;
  /** True where a directory is in a checkout of the repository that the work belongs to. */
  readonly isHere: (one: SentJob, directory: string) => Promise<boolean>;
}

export interface OwnJobsOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly pool: PoolSettings;
  /** Told of jobs that cannot be read. */
  readonly unreadable: (why: string) => void;
}

/** Looks at all jobs of the person in the pool, and lets go of it afterwards. @throws Refusal where there is no key. */
export async function withOwnJobs<T>(
  {env, version, pool, unreadable}: OwnJobsOptions,
  use: (jobs: OwnJobs) => Promise<T>,
): Promise<T> {
  const files = keyFilesIn(env);
  const [group, owner] = [readGroupKey(files), readOwnerKey(files)];
  const records = new RecordsOnDisk(env);
  const name = poolNameOf(pool, files);
  const folder = poolFolder(records.root, name);
  const git = new Git(env);
  const {limitBytes, protocols} = pool;
  return withPool(pool, async (queue) => {
    const access = {queue, group, owner};
    const link = new PoolLink({
      open: async () => access,
      ...machineIn(poolsFolder(records.root)),
      log: QUIET,
    });
    const collecting = new Collecting({
      ...{link, access, records, root: join(records.root, WORKTREES)},
      code: new TravellingCode({git, folder, limitBytes, protocols}),
      receipts: new CollectReceipts(join(folder, 'collected')),
      client: {name: NAME, version},
      owner: {...thisProcess(), environment: name, sessions: sessionsOf(name)},
    });
    return use({
      ...{sent: await sentJobsOf(link, access, unreadable), collecting},
      projectOf: (directory) => records.projectOf(directory),
      isHere: async ({order}, directory) => (await belongsIn(git, directory, order.travel)) === true,
    });
  });
}
