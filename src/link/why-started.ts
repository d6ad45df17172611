/** The variable in which a host is told why it was started. It is nothing that its agents are to see. */
export const WHY_STARTED = 'OPENCODE_DELEGATE_WHY_STARTED';

/** What it says, which is then taken out of the environment. */
export function takeWhyStarted(env: NodeJS.ProcessEnv): string {
  const why = env[WHY_STARTED] ?? 'somebody has called the command';
  delete env[WHY_STARTED];
  return why;
}
