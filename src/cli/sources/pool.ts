import {Refusal} from '../../base/errors.ts';
import {ConfigError, readConfig} from '../../config.ts';
import type {PoolQueue} from '../../pool/queue/queue.ts';
import type {PoolSettings} from '../../settings/pool.ts';

/** The pool that the settings name. @throws Refusal where there is none, or they cannot be used. */
export function poolOf(env: NodeJS.ProcessEnv): PoolSettings {
  const pool = settingsIn(env);
  if (pool !== undefined) return pool;
  throw new Refusal(
    'No pool is set: put the URL of its database into OPENCODE_DELEGATE_POOL, or give it with --pool.',
  );
}

/** As {@link poolOf}; `undefined` where none is set. */
export function settingsIn(env: NodeJS.ProcessEnv): PoolSettings | undefined {
  try {
    return readConfig(env).delegation.pool;
  } catch (error) {
    throw error instanceof ConfigError ? new Refusal(error.message, {cause: error}) : error;
  }
}

/** Uses the pool, and lets go of it. */
export async function withPool<T>(
  {url, keepMs}: PoolSettings,
  use: (queue: PoolQueue) => Promise<T>,
): Promise<T> {
  const {openQueue} = await import('../../pool/engine/open.ts');
  const queue = await openQueue({url, keepMs});
  try {
    return await use(queue);
  } finally {
    await queue.close();
  }
}
