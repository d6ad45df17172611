/** Files of the end-to-end tests that hold facts about OpenCode as well: `npm run test:facts` runs them, too. */
export const HELD_ELSEWHERE = [
  'test/e2e/answers.test.ts',
  'test/e2e/beginning.test.ts',
  'test/e2e/default-agent.test.ts',
  'test/e2e/deleted.test.ts',
  'test/e2e/event-stream.test.ts',
  'test/e2e/hostile-repository.test.ts',
  'test/e2e/model-failures.test.ts',
  'test/e2e/opencode-client.test.ts',
  'test/e2e/permissions.test.ts',
  'test/e2e/plugin-compaction.test.ts',
  'test/e2e/plugin-notices.test.ts',
  'test/e2e/read-only.test.ts',
  'test/e2e/server-password.test.ts',
  'test/e2e/worktree-links.test.ts',
] as const;
