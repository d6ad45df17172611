import {z} from 'zod';

const WHERE = ['here', 'pool'] as const;
const FETCH_BY = ['https', 'ssh', 'http', 'git', 'file'] as const;
const DAY_MS = 24 * 60 * 60_000;
const MEGABYTE = 1_000_000;
const URL_SCHEME = /^(?:postgres|postgresql|redis|rediss|valkey|valkeys):\/\/./;

/** The pool that delegations can run in. */
export interface PoolSettings {
  /** Of the database. It may have a password in it. */
  readonly url: string;
  /** Where a delegation runs that does not say it. */
  readonly where: (typeof WHERE)[number];
  /** The most that a bundle may have. */
  readonly limitBytes: number;
  /** How long a result waits for its owner, and a delegation for a worker. */
  readonly keepMs: number;
  /** How workers fetch. */
  readonly protocols: readonly (typeof FETCH_BY)[number][];
}

const text = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value.trim() === '' ? undefined : value.trim()));

const numberOr = (fallback: number) =>
  text.transform((value) => (value === undefined ? fallback : Number(value)));

/** The variables of a pool, as the schema of all settings has them. */
export const poolVariables = {
  OPENCODE_DELEGATE_POOL: text.pipe(
    z
      .string()
      .regex(URL_SCHEME, 'must be a URL as postgres://user:password@host/database, or redis://host')
      .optional(),
  ),
  OPENCODE_DELEGATE_WHERE: text.pipe(z.enum(WHERE, {error: 'must be here or pool'}).default('here')),
  OPENCODE_DELEGATE_POOL_MB: numberOr(64).pipe(
    z
      .number('must be a number of megabytes')
      .positive('must be more than 0')
      .max(2_000, 'must be at most 2000'),
  ),
  OPENCODE_DELEGATE_POOL_DAYS: numberOr(30).pipe(
    z.number('must be a number of days').positive('must be more than 0').max(365, 'must be at most 365'),
  ),
  OPENCODE_DELEGATE_POOL_FETCH: text
    .transform((value) => (value ?? 'https,ssh').split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(FETCH_BY, {error: `must be names of ${FETCH_BY.join(', ')}`}))),
};

type Given = z.output<z.ZodObject<typeof poolVariables>>;

/** Nothing at all where no pool is set, so that nothing else changes by it. */
export function poolSettings(given: Given): {readonly pool?: PoolSettings} {
  const url = given.OPENCODE_DELEGATE_POOL;
  if (url === undefined) return {};
  return {
    pool: {
      url,
      where: given.OPENCODE_DELEGATE_WHERE,
      limitBytes: given.OPENCODE_DELEGATE_POOL_MB * MEGABYTE,
      keepMs: given.OPENCODE_DELEGATE_POOL_DAYS * DAY_MS,
      protocols: given.OPENCODE_DELEGATE_POOL_FETCH,
    },
  };
}
