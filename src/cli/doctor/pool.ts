import {keyFilesIn, readGroupKey, readOwnerKey} from '../../pool/keys/key-files.ts';
import {MAX_SKEW_MS, type PoolQueue} from '../../pool/queue/queue.ts';
import {poolOf, withPool} from '../sources/pool.ts';
import {type Finding, failed, fine, warning} from './finding.ts';
import {type CheckWorkersOptions, checkWorkers} from './pool-workers.ts';

/** The keys of a pool, its database, the clocks, and a question through each worker that serves it. */
export async function* checkPool({
  env,
  version,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
}): AsyncGenerator<Finding, void> {
  const keys = keysIn(env);
  yield 'is' in keys
    ? keys
    : fine('Pool keys', `They are there. Your name in the pool: ${keys.owner.fingerprint}.`);
  try {
    yield* await withPool(poolOf(env), async (queue) => [
      ...(await checkDatabase(queue)),
      // Without keys, there is nothing that a worker could understand.
      ...('is' in keys ? [] : await checkWorkers(queue, {keys, version})),
    ]);
  } catch (error) {
    yield failed('Pool', error, 'Look at OPENCODE_DELEGATE_POOL, and whether its database runs.');
  }
}

function keysIn(env: NodeJS.ProcessEnv): CheckWorkersOptions['keys'] | Finding {
  try {
    const files = keyFilesIn(env);
    return {group: readGroupKey(files), owner: readOwnerKey(files)};
  } catch (error) {
    return failed('Pool keys', error);
  }
}

async function checkDatabase(queue: PoolQueue): Promise<readonly Finding[]> {
  const before = Date.now();
  const theirs = await queue.now();
  const after = Date.now();
  const skew = Math.round(theirs - (before + after) / 2);
  const says = `It differs from this machine's by ${skew} ms.`;
  return [
    fine('Pool database', `It answers in ${after - before} ms.`),
    Math.abs(skew) < MAX_SKEW_MS
      ? fine('Pool clock', says)
      : warning('Pool clock', says, 'Have both keep time with NTP.'),
  ];
}
