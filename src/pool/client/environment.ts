import type {Environment} from '../../delegation/model/ports.ts';
import type {Trust} from '../../delegation/model/trust.ts';
import {PoolCatalog} from './catalog.ts';
import type {ClientCode} from './code.ts';
import type {PoolLedger} from './ledger.ts';
import type {PoolLink} from './link.ts';
import {PoolRunner} from './runner.ts';
import {PoolWorktrees} from './worktrees.ts';

/** Nothing of the repository runs here. Whether it may run there, the person decides who runs the worker. */
const NOTHING_RUNS_HERE: Trust = {
  codeIn: async () => undefined,
  allows: async () => true,
  allow: async () => {},
};

/** What the place of sessions begins with that are in a pool. */
const SESSIONS = 'pool:';

export interface PoolEnvironmentOptions {
  readonly link: PoolLink;
  readonly code: ClientCode;
  readonly ledger: PoolLedger;
  readonly waitMs: number;
  /** The folder that worktrees are made in. */
  readonly root: string;
  /** Taken where a call names none. */
  readonly model: string | undefined;
  /** Tells this pool from others, and from what runs here. */
  readonly name: string;
}

/** The environment of a client, for what runs in the pool. */
export function poolEnvironment(here: Environment, options: PoolEnvironmentOptions): Environment {
  const {modelNames} = here;
  return {
    ...here,
    key: `${here.key}/pool`,
    sessions: `${SESSIONS}${options.name}`,
    where: 'pool',
    catalog: new PoolCatalog({...options, modelNames}),
    runner: new PoolRunner(options),
    worktrees: new PoolWorktrees(options),
    trust: NOTHING_RUNS_HERE,
    headlines: {write: async () => undefined},
    serialWriters: false,
    isConfined: false,
  };
}

/** The name of the pool that has these sessions; `undefined` where none has. */
export function poolNamed(sessions: string | undefined): string | undefined {
  return sessions?.startsWith(SESSIONS) ? sessions.slice(SESSIONS.length) : undefined;
}
