import {oneLine} from '../../base/safe-text.ts';
import {keyFilesIn, readGroupKey, readOwnerKey} from '../../pool/keys/key-files.ts';
import {MAX_SKEW_MS, type PoolQueue} from '../../pool/queue/queue.ts';
import {poolOf, withPool} from '../sources/pool.ts';
import {type Finding, failed, fine, warning} from './finding.ts';

/** The keys of a pool, its database, the clocks, and the workers that serve it. */
export async function* checkPool({
  env,
  version,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
}): AsyncGenerator<Finding, void> {
  yield checkKeys(env);
  try {
    const found = await withPool(poolOf(env), (queue) => findingsOf(queue, version));
    yield* found;
  } catch (error) {
    yield failed('Pool', error, 'Look at OPENCODE_DELEGATE_POOL, and whether its database runs.');
  }
}

function checkKeys(env: NodeJS.ProcessEnv): Finding {
  try {
    const files = keyFilesIn(env);
    readGroupKey(files);
    return fine('Pool keys', `They are there. Your name in the pool: ${readOwnerKey(files).fingerprint}.`);
  } catch (error) {
    return failed('Pool keys', error);
  }
}

async function findingsOf(queue: PoolQueue, version: string): Promise<readonly Finding[]> {
  const before = Date.now();
  const theirs = await queue.now();
  const after = Date.now();
  const answered = fine('Pool database', `It answers in ${after - before} ms.`);
  const skew = Math.round(theirs - (before + after) / 2);
  const clock =
    Math.abs(skew) <= MAX_SKEW_MS
      ? fine('Pool clock', `It differs from this machine's by ${skew} ms.`)
      : warning(
          'Pool clock',
          `It differs from this machine's by ${skew} ms.`,
          'Have both keep time with NTP.',
        );
  const workers = await queue.workers();
  if (workers.length === 0) {
    const cure = 'Start one: opencode-delegate worker --owners all.';
    return [answered, clock, warning('Pool workers', 'None serves it at the moment.', cure)];
  }
  const lines = workers.map((worker) => {
    const what = `Pool worker ${oneLine(worker.name)}`;
    const says = `opencode-delegate ${oneLine(worker.version)}, OpenCode ${oneLine(worker.opencode)}; ${worker.busy} of ${worker.concurrency} busy.`;
    if (worker.version === version) return fine(what, says);
    const cure = `This machine has ${version}: install the same version on both.`;
    return warning(what, says, cure);
  });
  return [answered, clock, ...lines];
}
