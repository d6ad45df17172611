import {parseArgs} from 'node:util';
import {messageOf} from '../../src/base/errors.ts';

const USAGE = 'Usage: npm run soak -- [--pool] [--kills 1000] [--seed N] [--minutes N] [--keep]';
const KILLS = 1_000;

export interface Options {
  /** Machines that share a pool, and not one alone. */
  readonly pool: boolean;
  readonly kills: number;
  readonly seed: number;
  /** At most so long, whatever was killed by then. */
  readonly minutes: number;
  /** The folder that all happened in stays, with the log. */
  readonly keep: boolean;
}

/** @throws Error that says how it is called. */
export function parseOptions(args: readonly string[]): Options {
  const values = valuesIn(args);
  return {
    kills: numberIn(values.kills) ?? KILLS,
    seed: numberIn(values.seed) ?? Math.floor(Math.random() * 2 ** 32),
    minutes: numberIn(values.minutes) ?? Number.POSITIVE_INFINITY,
    keep: values.keep,
    pool: values.pool,
  };
}

function valuesIn(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        kills: {type: 'string'},
        seed: {type: 'string'},
        minutes: {type: 'string'},
        pool: {type: 'boolean', default: false},
        keep: {type: 'boolean', default: false},
      },
    }).values;
  } catch (error) {
    throw new Error(`${messageOf(error)} ${USAGE}`, {cause: error});
  }
}

function numberIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${text} is no number. ${USAGE}`);
  return Number(text);
}
