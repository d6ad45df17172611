import {defineConfig} from 'vitest/config';

const END_TO_END = ['test/e2e/**/*.test.ts'];
/** Where it matters most which process does the work: how it ends. */
const IN_PROCESS = ['test/e2e/endings.test.ts'];

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
    // Only what hangs takes this long, even on a machine that is busy with other things.
    testTimeout: 150_000,
    hookTimeout: 150_000,
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
