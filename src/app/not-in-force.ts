import type {HostSettings} from '../config.ts';

/** The variables whose values are the first client's, and what each of them sets. */
const HOST_VARIABLES = {
  OPENCODE_DELEGATE_CONCURRENCY: ({concurrency}: HostSettings) => `${concurrency}`,
  OPENCODE_DELEGATE_LIMITS: ({limits}: HostSettings) =>
    [...limits]
      .map(([name, number]) => `${name}=${number}`)
      .sort()
      .join(','),
  OPENCODE_DELEGATE_HOST_IDLE_SECONDS: ({hostIdleMs}: HostSettings) => `${hostIdleMs / 1_000}`,
  OPENCODE_DELEGATE_SERVER_IDLE_SECONDS: ({serverIdleMs}: HostSettings) => `${serverIdleMs / 1_000}`,
  OPENCODE_DELEGATE_LOG: ({logLevel}: HostSettings) => logLevel,
} as const;

/**
 * Says which of the settings that a client has given are not in force, as its host was started with others;
 * `undefined` when all are.
 */
export function notInForce(
  env: NodeJS.ProcessEnv,
  wanted: HostSettings,
  are: HostSettings,
): string | undefined {
  const differing = Object.entries(HOST_VARIABLES)
    .filter(([name, value]) => (env[name] ?? '').trim() !== '' && value(wanted) !== value(are))
    .map(([name, value]) => `${name}=${value(wanted)} (it is ${value(are) || 'not set'})`);
  if (differing.length === 0) return undefined;
  return `Not in force: ${differing.join(', ')}. These settings are those of the client that came first, for all clients of the background process. opencode-delegate stop ends it; then the next client's count.`;
}
