/** Files of the end-to-end tests that hold facts about OpenCode as well: `npm run test:facts` runs them, too. */
export const HELD_ELSEWHERE = [
  'test/e2e/answers.test.ts',
  'test/e2e/messages.test.ts',
  'test/e2e/model-failures.test.ts',
  'test/e2e/permissions.test.ts',
  'test/e2e/plugin-notices.test.ts',
  'test/e2e/plugin-sessions.test.ts',
  'test/e2e/read-only.test.ts',
  'test/long/beginning.test.ts',
  'test/long/default-agent.test.ts',
  'test/long/deleted.test.ts',
  'test/long/event-stream.test.ts',
  'test/long/hostile-repository.test.ts',
  'test/long/opencode-client.test.ts',
  'test/long/server-password.test.ts',
  'test/long/worktree-links.test.ts',
] as const;
