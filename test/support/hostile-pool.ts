import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import type {Environment} from '../../src/delegation/model/ports.ts';
import {LETTERS_VERSION, type WorkOrder} from '../../src/pool/mail/letters.ts';
import {bytesOf, Mail} from '../../src/pool/mail/mail.ts';
import {MemoryPool} from '../../src/pool/queue/memory-pool.ts';
import type {PoolJob} from '../../src/pool/queue/queue.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import {sealedJob} from '../../src/pool/seal/sealed-job.ts';
import type {Allowed} from '../../src/pool/worker/admission.ts';
import type {WorkerCode} from '../../src/pool/worker/code.ts';
import {Journal} from '../../src/pool/worker/journal.ts';
import type {OwnService} from '../../src/pool/worker/own-service.ts';
import {PoolWorker} from '../../src/pool/worker/worker.ts';
import {aDelegation, anEnd, FakeLog} from './fakes.ts';
import {TRAVEL} from './pool-client.ts';

const SELF = {name: 'worker-1', host: 'big', version: '1.0.0', opencode: '1.18.33'};
const ALL: Allowed = {owners: 'all', repositories: 'all', agents: 'all'};

/** A worker whose agents a test plays, and a pool whose rows anybody may change. */
export class HostilePool {
  readonly pool = new MemoryPool();
  readonly queue = this.pool.connect();
  readonly group = GroupKey.create();
  readonly owner = OwnerKey.create();
  readonly log = new FakeLog();
  /** What the worker has had its own service do, in order. */
  readonly done: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-hostile-'));
  readonly #records = new Map<string, Delegation>();
  readonly #watchers = new Set<(record: Delegation) => void>();
  readonly #workers: PoolWorker[] = [];
  #number = 0;
  #isOver = false;

  /** One that has the same folder as the last one. */
  async startWorker(allowed: Partial<Allowed> = {}): Promise<PoolWorker> {
    const worker = new PoolWorker({
      ...{queue: this.pool.connect(), group: this.group, self: SELF, log: this.log, code: this.#code},
      ...{allowed: {...ALL, ...allowed}, concurrency: 4, checkpointMs: 600_000},
      services: {of: () => this.#service, forget: async () => {}},
      journal: new Journal(join(this.#folder, '.begun')),
    });
    this.#workers.push(worker);
    await worker.start();
    return worker;
  }

  /** A job as its owner writes it. */
  job(id: string, given: Partial<WorkOrder> = {}, owner = this.owner): PoolJob {
    const order: WorkOrder = {
      ...{v: LETTERS_VERSION, delegation: id, project: 'shop', prompt: id, title: id, access: 'worktree'},
      ...{branch: `delegation/${id}`, timeoutMs: 60_000, messages: [], travel: TRAVEL},
      ...given,
    };
    const plain = {
      id: `${id}@1`,
      route: this.group.route(TRAVEL.repository),
      notAfter: Date.now() + 60_000,
      body: bytesOf(order),
    };
    return sealedJob(plain, {group: this.group, owner});
  }

  /** Whoever may write the database's rows puts one there, whatever has been there. */
  putBack(job: PoolJob): void {
    const kept = this.pool.at(job.id);
    kept.isOver = false;
    kept.submitted(job);
    kept.job = job;
    this.pool.offer();
  }

  mailOf(job: PoolJob, owner: OwnerKey | string = this.owner): Mail {
    return new Mail(job.id, {queue: this.queue, group: this.group, owner});
  }

  /** Ends what the worker has at work. */
  finish(): void {
    for (const record of this.#records.values()) this.#become({...record, state: anEnd()});
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.finish();
    await Promise.all(this.#workers.map((worker) => worker.close()));
    rmSync(this.#folder, {recursive: true, force: true});
  }

  #become(record: Delegation): void {
    this.#records.set(record.id, record);
    for (const tell of this.#watchers) tell(record);
  }

  get #code(): WorkerCode {
    return {
      arrive: async () => ({checkout: '/shop', directory: '/shop'}),
      arrived: async () => [],
      remove: async () => {},
      pack: () => Promise.reject(new Error('there is nothing to pack here')),
      checkpoint: async () => undefined,
    };
  }

  get #service(): OwnService {
    const viewed = (id: string) => {
      const delegation = this.#records.get(id);
      if (delegation === undefined) throw new Error(`no delegation ${id}`);
      return {delegation};
    };
    const delegations: OwnService['delegations'] = {
      delegate: async ({prompt, access, directory}) => {
        this.done.push(`delegate ${prompt} ${access} ${directory}`);
        const id = `own-${++this.#number}`;
        const running = {status: 'running', startedAt: 1, sessionId: 'ses_1'} as const;
        const state = this.#isOver ? anEnd() : running;
        this.#become(aDelegation({id, prompt, state}));
        return viewed(id);
      },
      get: async (_, id) => viewed(id),
      view: (_, id) => viewed(id),
      watch: (listener) => {
        this.#watchers.add(listener);
        return () => this.#watchers.delete(listener);
      },
      cancel: async (_, id) => {
        this.done.push(`cancel ${id}`);
        this.#become({...viewed(id).delegation, state: anEnd({status: 'cancelled'})});
        return viewed(id) as never;
      },
      reply: async (_, id) => {
        this.done.push(`reply ${id}`);
        return viewed(id) as never;
      },
      tell: async (_, id, text) => {
        this.done.push(`tell ${id} ${text}`);
        return {...viewed(id), message: {number: 1, text}, delivery: 'now'} as never;
      },
      conversation: () => [],
      conversationOf: () => undefined,
    };
    return {delegations, environment: {} as Environment};
  }
}
