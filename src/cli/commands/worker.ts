import {type Command, EXIT, type Invocation, UsageError} from '../line/command.ts';
import {allowedBy} from './worker-lists.ts';

const DEFAULT_CONCURRENCY = 4;
const DEFAULT_DRAIN_MINUTES = 10;
const DEFAULT_CHECKPOINT_MINUTES = 3;
const MINUTE_MS = 60_000;

export const worker: Command = {
  usage: '--owners LIST [options]',
  about:
    'Takes work from the pool until it is ended, with the OpenCode, the models and the keys of this machine. It runs agents in worktrees, and nothing else that comes from the pool. Told to end (SIGTERM), it takes no more, hands back what has not begun, and lets the rest end in time; what is left then is interrupted, and what it has done so far comes home.',
  options: {
    pool: {type: 'string', value: 'URL', about: 'Its database. Default: OPENCODE_DELEGATE_POOL.'},
    owners: {
      type: 'string',
      value: 'LIST',
      about:
        'Whose work it takes: names that `opencode-delegate pool` prints, with commas; or all of the group.',
    },
    repos: {
      type: 'string',
      value: 'LIST',
      about: 'Which repositories: host/path with commas, and * for any characters. Default: all.',
    },
    agents: {type: 'string', value: 'LIST', about: 'Which agents. Default: all that OpenCode has here.'},
    concurrency: {
      type: 'string',
      value: 'N',
      about: `How many at once. Default: ${DEFAULT_CONCURRENCY}.`,
    },
    name: {
      type: 'string',
      value: 'NAME',
      about: 'What it is called. Default: of the machine and the process.',
    },
    once: {type: 'boolean', about: 'End when one is done.'},
    drain: {
      type: 'string',
      value: 'MINUTES',
      about: `How long what runs may go on when it is told to end. Default: ${DEFAULT_DRAIN_MINUTES}.`,
    },
    checkpoint: {
      type: 'string',
      value: 'MINUTES',
      about: `How often the work so far is put where it outlives this machine. Default: ${DEFAULT_CHECKPOINT_MINUTES}.`,
    },
  },
  examples: [
    ['worker --owners all --repos "github.com/our-team/*"', 'take the work of the whole group'],
    ['worker --owners all --once', 'one piece of work, then end: for Kubernetes or Nomad'],
  ],
  takes: {least: 0, most: 0},
  async run(call) {
    const {text, has, env, version, runWorker} = call;
    const allowed = allowedBy(call);
    if (runWorker === undefined) return EXIT.failed;
    const url = text('pool');
    const name = text('name');
    await runWorker({
      env: url === undefined ? env : {...env, OPENCODE_DELEGATE_POOL: url},
      version,
      settings: {
        allowed,
        ...(name !== undefined && {name}),
        concurrency: numberOf(call, 'concurrency', {fallback: DEFAULT_CONCURRENCY, least: 1, most: 100}),
        once: has('once'),
        drainMs:
          MINUTE_MS * numberOf(call, 'drain', {fallback: DEFAULT_DRAIN_MINUTES, least: 0, most: 1_440}),
        checkpointMs:
          MINUTE_MS *
          numberOf(call, 'checkpoint', {fallback: DEFAULT_CHECKPOINT_MINUTES, least: 0.01, most: 1_440}),
      },
    });
    return EXIT.ok;
  },
};

/** @throws UsageError. */
function numberOf(
  {text}: Invocation,
  option: string,
  {fallback, least, most}: {fallback: number; least: number; most: number},
): number {
  const given = text(option);
  if (given === undefined) return fallback;
  const number = given.trim() === '' ? Number.NaN : Number(given);
  if (number >= least && number <= most) return number;
  throw new UsageError(`--${option} takes a number from ${least} to ${most}, and not "${given}".`);
}
