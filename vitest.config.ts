import {defineConfig} from 'vitest/config';

const END_TO_END = 'test/e2e/**/*.test.ts';
/** What is so only where one process does everything. */
const WITHOUT_HOST = 'test/e2e/without-host.test.ts';

/** The end-to-end tests run with a host in the background, and again with everything in one process. */
const endToEnd = (host: 'on' | 'off', include: string, exclude: string[] = []) => ({
  extends: true as const,
  test: {name: `host ${host}`, include: [include], exclude, env: {TEST_HOST: host}},
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
      endToEnd('on', END_TO_END, [WITHOUT_HOST]),
      // All of them twice takes two cores more than five minutes: `npm run test:all`.
      endToEnd('off', process.env.TEST_ALL === '1' ? END_TO_END : WITHOUT_HOST),
    ],
  },
});
