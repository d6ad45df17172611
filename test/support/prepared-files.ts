import {cpSync, mkdirSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';

/** The environment variable that names the home which `prepareHome` has made. */
export const PREPARED_HOME = 'TEST_PREPARED_HOME';
/** In that home: a catalogue without models. */
const NO_MODELS = 'no-models.json';

/** Where OpenCode has its database in a home. */
const DATA = join('.local', 'share', 'opencode');
/** Where a person's configuration is in a home. */
const CONFIGURATION = join('.config', 'opencode');
/** What OpenCode has installed in every configuration folder that it has met before. */
const HELPER = {'@opencode-ai/plugin': '*'};

/** `npm run test:all` and `npm run test:facts` have OpenCode start as it does for a person. */
const isThorough = process.env.TEST_ALL === '1' || process.env.TEST_FACTS === '1';

/** Adds to a home, whose database OpenCode has made, what else a home has where OpenCode has run before. */
export function completeHome(home: string): void {
  const folder = join(home, CONFIGURATION);
  mkdirSync(join(folder, 'node_modules'), {recursive: true});
  const write = (file: string, content: unknown) => writeFileSync(file, JSON.stringify(content));
  // OpenCode compares these two, and otherwise tries to install the helper, which a test's registry does not have.
  write(join(folder, 'package.json'), {dependencies: HELPER});
  write(join(folder, 'package-lock.json'), {lockfileVersion: 3, packages: {'': {dependencies: HELPER}}});
  write(join(home, NO_MODELS), {});
}

/** Gives a new home what the prepared one has, but for its configuration. */
export function copyPrepared(from: string, to: string): void {
  cpSync(join(from, DATA), join(to, DATA), {
    recursive: true,
    filter: (file) => file === join(from, DATA) || basename(file).startsWith('opencode.db'),
  });
  cpSync(join(from, CONFIGURATION), join(to, CONFIGURATION), {
    recursive: true,
    filter: (file) => basename(file) !== 'opencode.json',
  });
}

/**
 * The environment in which OpenCode starts with the least work. Reading its catalogue of thousands of models takes it
 * more than a second of a core, and its optimising compilers cost more than they save in the life of a test.
 */
export function quickStart(prepared: string | undefined): Record<string, string> {
  if (prepared === undefined || isThorough) return {};
  return {OPENCODE_MODELS_PATH: join(prepared, NO_MODELS), BUN_JSC_useDFGJIT: '0'};
}
