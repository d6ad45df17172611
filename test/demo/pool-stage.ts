import {join} from 'node:path';
import {setUpPool} from '../../src/pool/engine/open.ts';
import {keyFilesIn, readGroupKey, writeKey} from '../../src/pool/keys/key-files.ts';
import {beginCommand, runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {startPostgres} from '../support/postgres.ts';
import {eventually} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {resultsFolder, type Stage} from './stage.ts';
import {script, writeProject} from './work.ts';

const WORKER = 'big-machine';
/** A worker that is interrupted as well, with its database, cannot say that it ends. */
const END_MS = 10_000;

/** Two machines, each with a home of its own, and a Postgres between them. */
export interface PoolStage extends Stage {
  readonly repository: Repository;
  /** Runs one of the commands for people on the client's machine, and resolves with what it prints. */
  command(...args: readonly string[]): Promise<string>;
  /** Starts the worker on the other machine, and resolves with what it says when it takes work. */
  startWorker(): Promise<string>;
  /** How the pool looks from the other machine. */
  seenThere(): Promise<string>;
  /** Until now, the agent has waited before its last step. */
  letFinish(): void;
}

/** Postgres comes from npm, and nothing of the person's configuration is used. */
export async function poolStage(): Promise<PoolStage> {
  const closing: (() => unknown)[] = [];
  let cleared: Promise<void> | undefined;
  const clear = async () => {
    for (const close of closing.reverse()) await close();
  };
  try {
    const postgres = await startPostgres();
    closing.push(() => postgres.stop());
    await postgres.create('pool');
    await postgres.query('pool', 'CREATE ROLE team LOGIN');
    await setUpPool(postgres.urlOf('pool'), {role: 'team'});
    const last = createGate();
    const model = await ScriptedModel.start(async (request) => {
      if (request.toolResults.length > 1) await last.opened;
      return script(request);
    });
    closing.push(() => model.close());
    const results = resultsFolder();
    const machine = (more: Record<string, string> = {}): Sandbox => {
      const sandbox = createSandbox({modelUrl: model.url, config: {permission: 'allow'}});
      Object.assign(sandbox.env, {OPENCODE_DELEGATE_POOL: postgres.urlOf('pool', 'team'), ...more});
      closing.push(() => sandbox.remove());
      return sandbox;
    };
    const client = machine({OPENCODE_DELEGATE_DATA_DIR: results.path});
    const worker = machine();
    const repository = Repository.create(client.project, {home: join(client.root, 'home'), files: {}});
    writeProject(client.project);
    repository.commit('Prices and a cart');
    const command = async (sandbox: Sandbox, args: readonly string[]) => {
      const {exitCode, stdout, stderr} = await runCommand(sandbox, args);
      if (exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${stderr}`);
      return stdout;
    };
    const startWorker = async () => {
      // As a person copies it.
      writeKey(keyFilesIn(worker.env).group, readGroupKey(keyFilesIn(client.env)).toText());
      const running = beginCommand(worker, ['worker', '--owners', 'all', '--name', WORKER, '--drain', '0']);
      closing.push(() => ended(running));
      await eventually(
        () => running.printed().includes('takes work'),
        60_000,
        () => running.printed(),
      );
      return /info (.*)/.exec(running.printed())?.[1] ?? '';
    };
    return {
      project: client.project,
      env: client.env,
      keeping: results.keeping,
      discard: results.discard,
      repository,
      command: (...args) => command(client, args),
      startWorker,
      seenThere: () => command(worker, ['pool', 'workers']),
      letFinish: () => last.open(),
      clear: () => {
        last.open();
        cleared ??= clear();
        return cleared;
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function ended(running: ReturnType<typeof beginCommand>): Promise<void> {
  running.interrupt();
  const timer = setTimeout(() => void running.end(), END_MS);
  await running.ended;
  clearTimeout(timer);
}
