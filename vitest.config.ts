import {defineConfig} from 'vitest/config';

const END_TO_END = 'test/e2e/**/*.test.ts';
/** What is so only where one process does everything. */
const WITHOUT_HOST = 'test/e2e/without-host.test.ts';
/** What a person's OpenCode does with the plugin, and of that what is most. */
const PLUGIN = ['test/e2e/plugin-*.test.ts'];
const PLUGIN_MOST = ['test/e2e/plugin-notices.test.ts', 'test/e2e/plugin-compaction.test.ts'];

const isAll = process.env.TEST_ALL === '1';

/** The end-to-end tests run with a host in the background, and again with everything in one process. */
const endToEnd = (host: 'on' | 'off', include: string, exclude: string[] = []) => ({
  extends: true as const,
  test: {name: `host ${host}`, include: [include], exclude, env: {TEST_HOST: host}},
});

export default defineConfig({
  test: {
    // Each starts OpenCode again and again: more at a time are no faster on two cores.
    maxWorkers: 5,
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
      endToEnd('off', isAll ? END_TO_END : WITHOUT_HOST),
      // A person's OpenCode is a server there; in a terminal it is started otherwise.
      {
        extends: true,
        test: {
          name: 'at a terminal',
          include: isAll ? PLUGIN : PLUGIN_MOST,
          // It is at a terminal everywhere.
          exclude: ['test/e2e/plugin-install.test.ts'],
          env: {TEST_FRONT: 'tui'},
        },
      },
    ],
  },
});
