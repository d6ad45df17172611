/**
 * The environment variable in which the companion plugin hands its secret to the server that OpenCode starts beside
 * it. No agent sees it, as none sees a setting of ours, and the host keeps it with the connection that it came with.
 */
export const STAMP_SECRET = 'OPENCODE_DELEGATE_STAMP_SECRET';

/** An environment without it, for what is started. */
export function withoutSecret(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const {[STAMP_SECRET]: _, ...rest} = env;
  return rest;
}
