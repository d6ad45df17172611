import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {deferred} from '../base/deferred.ts';
import {messageOf, Refusal} from '../base/errors.ts';
import {createLogger, type Logger} from '../base/log.ts';
import {NAME} from '../base/name.ts';
import {xdgFolder} from '../base/xdg.ts';
import {readConfig} from '../config.ts';
import {Git} from '../git/git.ts';
import {GitMissing} from '../git/program.ts';
import {findBinary} from '../opencode/server/binary.ts';
import {versionOfBinary} from '../opencode/server/versions.ts';
import {keyFilesIn, readGroupKey} from '../pool/keys/key-files.ts';
import {RepositoryCache} from '../pool/travel/cache.ts';
import {CachedCode} from '../pool/worker/cached-code.ts';
import {Journal} from '../pool/worker/journal.ts';
import type {WorkerSettings} from '../pool/worker/settings.ts';
import {PoolWorker} from '../pool/worker/worker.ts';
import {takeLock} from '../process/lock.ts';
import {WORKTREES} from '../store/files/project-name.ts';
import {endOnce} from './in-process.ts';
import {withEngine} from './pools.ts';
import {Service, type ServiceOptions} from './service.ts';
import {WorkerServices} from './worker-services.ts';

/** Commits of the worker's are made in this name where the repository names nobody. */
const GIT_CONFIG = `[user]\n\tname = OpenCode Delegate\n\temail = opencode-delegate@localhost\n`;
/** A worker's lock whose owner nobody can judge. */
const LOCK_PATIENCE_MS = 60_000;

export interface WorkerOptions {
  readonly settings: WorkerSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly log: Logger;
  readonly connect?: ServiceOptions['connect'];
  /** Called when it has done one job. */
  readonly onDone?: () => void;
}

/** A worker that takes jobs. */
export interface RunningWorker {
  readonly name: string;
  /** Takes no more, waits for what runs until the time is over, and stops the rest. Idempotent. */
  end(): Promise<void>;
}

/**
 * Starts a worker: a service of its own, in a folder of its own, that a pool gives work.
 * @throws Refusal where it cannot work, with the reason.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const {settings, env, version, log, connect = withEngine, onDone} = options;
  const {pool} = readConfig(env).delegation;
  if (pool === undefined) {
    throw new Refusal('There is no pool: give its database with --pool, or in OPENCODE_DELEGATE_POOL.');
  }
  const {url, keepMs, limitBytes, protocols} = pool;
  const group = readGroupKey(keyFilesIn(env));
  const dataDir = workerFolder(env);
  mkdirSync(dataDir, {recursive: true, mode: 0o700});
  const lock = await takeLock({path: join(dataDir, '.worker.lock'), patienceMs: LOCK_PATIENCE_MS});
  if (lock === undefined) {
    throw new Refusal(
      `Another worker works in ${dataDir}. Give this one a folder of its own in OPENCODE_DELEGATE_DATA_DIR.`,
    );
  }
  try {
    const own = ownEnvironment(env, {dataDir, concurrency: settings.concurrency});
    const config = readConfig(own);
    const opencode = await opencodeVersion(config.delegation.binary, own);
    const git = new Git(env);
    await checkGit(git, dataDir);
    const queue = await connect({url, keepMs, log});
    const service = new Service({config, env: own, log, version});
    // What an earlier process has left open is not gone on with: its job is lost to it.
    await service.tidy();
    const services = new WorkerServices({service, env: own, dataDir, log});
    await services.tidy();
    // What an earlier process had on its way is of no use to this one.
    const spool = join(dataDir, '.spool');
    rmSync(spool, {recursive: true, force: true});
    const cache = new RepositoryCache({git, folder: join(dataDir, '.code'), protocols, limitBytes});
    await cache.tidy();
    const name = settings.name ?? `${hostname()}-${process.pid}`;
    const worker = new PoolWorker({
      ...{queue, group, log, services, self: {name, host: hostname(), version, opencode}},
      ...{allowed: settings.allowed, concurrency: settings.concurrency},
      checkpointMs: settings.checkpointMs,
      code: new CachedCode({git, cache, folder: spool, limitBytes, worktrees: join(dataDir, WORKTREES)}),
      journal: new Journal(join(dataDir, '.begun')),
      ...(onDone !== undefined && {onDone}),
    });
    await worker.start();
    let ending: Promise<void> | undefined;
    const end = async () => {
      await worker.drain(settings.drainMs);
      await service.close();
      await worker.close();
      await services.close();
      await queue.close();
      lock.release();
    };
    return {
      name,
      end: () => {
        ending ??= end();
        return ending;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Runs a worker until a signal ends it, or it has done what it is to do once. Resolves never: it ends the process. */
export async function runWorker({
  settings,
  env,
  version,
}: Pick<WorkerOptions, 'settings' | 'env' | 'version'>): Promise<void> {
  const {host} = readConfig(env);
  const log = createLogger({level: host.logLevel, write: (line) => process.stderr.write(line)});
  const done = deferred<void>();
  const worker = await startWorker({settings, env, version, log, onDone: () => done.resolve()});
  const shutdown = endOnce({log, end: () => worker.end(), backstopMs: settings.drainMs + 60_000});
  log.info(`worker ${worker.name} takes work, ${settings.concurrency} at once`);
  if (settings.once) void done.promise.then(() => shutdown('it was to do one'));
  await new Promise(() => {});
}

/** Where a worker has its records, its repositories and its sessions. */
function workerFolder(env: NodeJS.ProcessEnv): string {
  const given = env.OPENCODE_DELEGATE_DATA_DIR?.trim();
  return given || join(xdgFolder(env, 'XDG_DATA_HOME'), NAME, 'worker');
}

/** What agents of a worker see: nothing of the pool, and git without programs that a repository could have run. */
function ownEnvironment(
  env: NodeJS.ProcessEnv,
  {dataDir, concurrency}: {readonly dataDir: string; readonly concurrency: number},
): NodeJS.ProcessEnv {
  const gitConfig = join(dataDir, '.gitconfig');
  writeFileSync(gitConfig, GIT_CONFIG, {mode: 0o600});
  const own = Object.entries(env).filter(
    ([name]) => !/^OPENCODE_DELEGATE_(POOL|POOL_\w+|WHERE|HOST|INSIDE)$/.test(name),
  );
  return {
    ...Object.fromEntries(own),
    OPENCODE_DELEGATE_DATA_DIR: dataDir,
    OPENCODE_DELEGATE_CONCURRENCY: String(concurrency),
    OPENCODE_DELEGATE_ON_ASK: env.OPENCODE_DELEGATE_ON_ASK?.trim() || 'wait',
    GIT_CONFIG_GLOBAL: gitConfig,
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

/** Without git, it would take each job from the workers that can do it. */
async function checkGit(git: Git, directory: string): Promise<void> {
  try {
    await git.revParse(directory, ['--local-env-vars']);
  } catch (error) {
    const why = error instanceof GitMissing ? 'git is not installed. Install it.' : messageOf(error);
    throw new Refusal(`This machine cannot be a worker: ${why}`, {cause: error});
  }
}

async function opencodeVersion(named: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const binary = await findBinary({named, env});
    return (await versionOfBinary(binary, env)) ?? 'unknown';
  } catch (error) {
    throw new Refusal(`This machine cannot be a worker: ${messageOf(error)}`, {cause: error});
  }
}
