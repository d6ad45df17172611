import {defineConfig} from 'vitest/config';
import {HELD_ELSEWHERE} from './test/facts/held-elsewhere.ts';
import {SecondTries} from './test/support/second-tries.ts';

const END_TO_END = 'test/e2e/**/*.test.ts';
/** End to end as well: every further moment of being killed, attacks, terminals, and what takes long. `npm run test:all`. */
const LONG = 'test/long/**/*.test.ts';
/** What is so only where one process does everything. */
const WITHOUT_HOST = 'test/e2e/without-host.test.ts';
/** What a person's OpenCode does with the plugin. */
const PLUGIN = 'test/{e2e,long}/plugin-*.test.ts';
/** Is at a terminal in any case. */
const PLUGIN_AT_TERMINAL = 'test/long/plugin-install.test.ts';

/** What OpenCode is relied on for, tried on an OpenCode without us. */
const FACTS = 'test/facts/**/*.test.ts';

/** Replaces a module of Node for all that is imported after it. */
const REPLACES_MODULES = 'test/store/write-whole.test.ts';

const isAll = process.env.TEST_ALL === '1';
/** The long tests once, with a host, and with OpenCode started as quickly as in `npm test`. */
const hasLong = isAll || process.env.TEST_LONG === '1';
/** `npm run test:facts`. */
const isFacts = process.env.TEST_FACTS === '1';

/** The end-to-end tests run with a host in the background, and again with everything in one process. */
const endToEnd = (host: 'on' | 'off', include: string[], exclude: string[] = []) => ({
  extends: true as const,
  test: {name: `host ${host}`, include, exclude, env: {TEST_HOST: host}},
});

/** @param more test files beside those that are about facts alone. */
const facts = (more: readonly string[] = []) => ({
  extends: true as const,
  test: {name: 'facts', include: [FACTS, ...more]},
});

const ordinary = [
  {
    extends: true as const,
    test: {
      name: 'parts',
      include: ['test/**/*.test.ts'],
      exclude: [END_TO_END, LONG, FACTS, REPLACES_MODULES],
      // Each puts back what it has faked. A process for each of a hundred files took a third of their time.
      isolate: false,
    },
  },
  {extends: true as const, test: {name: 'parts apart', include: [REPLACES_MODULES]}},
  endToEnd('on', hasLong ? [END_TO_END, LONG] : [END_TO_END], [WITHOUT_HOST]),
  endToEnd('off', isAll ? [END_TO_END, LONG] : [WITHOUT_HOST]),
  // In the others, a person's OpenCode is a server with the plugin by its path; here, one has installed it.
  ...(isAll
    ? [
        {
          extends: true as const,
          test: {
            name: 'at a terminal',
            include: [PLUGIN],
            exclude: [PLUGIN_AT_TERMINAL],
            env: {TEST_FRONT: 'tui'},
          },
        },
      ]
    : []),
];

export default defineConfig({
  test: {
    // Each starts OpenCode again and again, which takes seconds of two cores: more at a time are no faster, and what
    // they wait for comes so late on a slow machine that they give up.
    maxWorkers: 3,
    // Most of what is tested is real programs on a machine that does other things as well: a second try, which is
    // named at the end, keeps one test of a thousand from hiding what the others say. `npm run test:all` allows none.
    retry: isAll || isFacts ? 0 : 1,
    reporters: ['default', new SecondTries()],
    globalSetup: 'test/support/prepared-home.ts',
    // Only what hangs takes this long, even on a machine that is busy with other things.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: isFacts ? [facts(HELD_ELSEWHERE)] : [...ordinary, ...(isAll ? [facts()] : [])],
  },
});
