import {join} from 'node:path';
import type {Environment} from '../../delegation/model/ports.ts';
import type {Trust} from '../../delegation/model/trust.ts';
import {digestOf} from '../../environment/digest.ts';
import type {KeyFiles} from '../keys/key-files.ts';
import {PoolCatalog} from './catalog.ts';
import type {ClientCode} from './code.ts';
import {databaseOf} from './database-of-url.ts';
import type {PoolLedger} from './ledger.ts';
import type {PoolLine} from './line.ts';
import type {PoolLink} from './link.ts';
import {PoolRunner, type PoolRunnerOptions} from './runner.ts';
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
  readonly line: PoolLine;
  readonly waitMs: number;
  /** As {@link PoolRunnerOptions.keep}. */
  readonly keep: PoolRunnerOptions['keep'];
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
    sessions: sessionsOf(options.name),
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

/**
 * Tells a pool from others, for those who have the same keys: by its database and the file of its group's key. Who logs in
 * there, and how, changes in the life of a pool, and what is in it has to be found afterwards.
 */
export function poolNameOf({url}: {readonly url: string}, {group}: KeyFiles): string {
  return digestOf([databaseOf(url), group]);
}

/** In a data folder: what a machine knows of its work in pools. What begins with a dot is no project. */
export function poolsFolder(dataDir: string): string {
  return join(dataDir, '.pool');
}

/** What it knows of its work in one pool. */
export function poolFolder(dataDir: string, name: string): string {
  return join(poolsFolder(dataDir), name);
}

/** Where the sessions are of what runs in the pool of that name. */
export function sessionsOf(name: string): string {
  return `${SESSIONS}${name}`;
}

/** The name of the pool that has these sessions; `undefined` where none has. */
export function poolNamed(sessions: string | undefined): string | undefined {
  return sessions?.startsWith(SESSIONS) ? sessions.slice(SESSIONS.length) : undefined;
}
