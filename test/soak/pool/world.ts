import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {GroupKey} from '../../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../../src/pool/seal/owner-key.ts';
import {createPoolMachine, PoolDatabase} from '../../support/pool-network.ts';
import {signalEach} from '../../support/processes.ts';
import {ScriptedModel} from '../../support/scripted-model.ts';
import {Counts} from '../counts.ts';
import type {Findings} from '../findings.ts';
import type {Random} from '../random.ts';
import {ClientMachine} from './client-machine.ts';
import {PoolWork} from './work.ts';
import {WorkerMachine} from './worker-machine.ts';

/** Of a lease: short, so that one is lost while a run goes on. */
export const LEASE_SECONDS = 6;
const WORKERS = 3;
const CLIENTS = 2;

/** All that takes part in a run. */
export interface PoolWorld {
  readonly database: PoolDatabase;
  readonly model: ScriptedModel;
  readonly work: PoolWork;
  readonly findings: Findings;
  readonly counts: Counts;
  readonly workers: readonly WorkerMachine[];
  readonly clients: readonly ClientMachine[];
  /** Ends all that still runs. */
  remove(keep: boolean): Promise<void>;
}

/** Two owners with a machine each, three workers, and a database between them. */
export async function openPoolWorld(findings: Findings, random: Random): Promise<PoolWorld> {
  const work = new PoolWork(findings);
  const model = await ScriptedModel.start((request) => work.answer(request));
  const database = await PoolDatabase.start(LEASE_SECONDS);
  const group = GroupKey.create();
  const machine = (owner?: OwnerKey) =>
    createPoolMachine(database, {modelUrl: model.url, keys: {group, ...(owner !== undefined && {owner})}});
  const workers: WorkerMachine[] = [];
  const clients: ClientMachine[] = [];
  const counts = new Counts();
  for (let n = 1; n <= WORKERS; n++) {
    const there = await machine();
    // What is left of an owner who has no job there any more goes at once.
    there.sandbox.env.OPENCODE_DELEGATE_SERVER_IDLE_SECONDS = '1';
    // At one of them, one of two jobs has to wait for its turn.
    if (n === 1) there.sandbox.env.OPENCODE_DELEGATE_LIMITS = 'scripted=1';
    workers.push(new WorkerMachine(`worker-${n}`, there, random.fork()));
  }
  for (let n = 1; n <= CLIENTS; n++) {
    const given = {work, findings, counts, random: random.fork()};
    clients.push(new ClientMachine(`client-${n}`, await machine(OwnerKey.create()), given));
  }
  return {
    ...{database, model, work, findings, workers, clients, counts},
    async remove(keep) {
      for (const {root, log} of workers) if (keep) writeFileSync(join(root, 'worker.log'), log);
      if (!keep) await Promise.all([...workers, ...clients].map((one) => one.machine.remove()));
      await model.close();
      await database.stop();
    },
  };
}

/** Lets everything go on that was held up. */
export async function heal({workers, clients, database}: PoolWorld): Promise<void> {
  await database.postgres.up();
  for (const {machine} of [...workers, ...clients]) machine.proxy.rejoin();
  for (const {pids} of workers) signalEach(pids, 'SIGCONT');
  for (const {hosts} of clients) signalEach(hosts, 'SIGCONT');
}
