import {defineConfig} from 'vitest/config';

const END_TO_END = ['test/e2e/**/*.test.ts'];
/** Where it matters which process does the work: its start, its limits, its end, and OpenCode as its client. */
const IN_PROCESS = ['endings', 'opencode-client', 'queue'].map((name) => `test/e2e/${name}.test.ts`);

/** The end-to-end tests run with a host in the background, and again with everything in one process. */
const endToEnd = (host: 'on' | 'off', include: string[]) => ({
  extends: true as const,
  test: {name: `host ${host}`, include, env: {TEST_HOST: host}},
});

export default defineConfig({
  test: {
    // They mostly wait; two cores do not carry more OpenCode servers at a time than these start.
    maxWorkers: 3,
    globalSetup: 'test/support/prepared-home.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {name: 'parts', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**']},
      },
      endToEnd('on', END_TO_END),
      // All of them twice takes two cores more than five minutes: `npm run test:all`.
      endToEnd('off', process.env.TEST_ALL === '1' ? END_TO_END : IN_PROCESS),
    ],
  },
});
