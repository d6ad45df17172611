import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Refusal} from '../../src/base/errors.ts';
import type {ConversationEntry} from '../../src/delegation/model/conversation.ts';
import type {RunObserver, RunRequest} from '../../src/delegation/model/run.ts';
import type {ClientCode} from '../../src/pool/client/code.ts';
import {PoolLedger} from '../../src/pool/client/ledger.ts';
import {PoolLine} from '../../src/pool/client/line.ts';
import {PoolLink} from '../../src/pool/client/link.ts';
import {PoolRunner} from '../../src/pool/client/runner.ts';
import {
  type FromOwner,
  type FromWorker,
  type JobResult,
  LETTERS_VERSION,
} from '../../src/pool/mail/letters.ts';
import {Mail} from '../../src/pool/mail/mail.ts';
import {MemoryPool} from '../../src/pool/queue/memory-pool.ts';
import type {MemoryQueue} from '../../src/pool/queue/memory-queue.ts';
import type {Lease, Serving} from '../../src/pool/queue/queue.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import type {Travel} from '../../src/pool/travel/travel.ts';
import {FakeLog} from './fakes.ts';

const HEAD = '1'.repeat(40);
export const TRAVEL: Travel = {
  ...{way: 'remote', repository: 'example.org/shop', format: 'sha1', head: HEAD, commit: HEAD, prefix: ''},
  from: {url: 'https://example.org/shop', refs: [], commits: [HEAD]},
};
const SELF = {name: 'worker-1', host: 'big', version: '1.0.0', opencode: '1.18.33'};

/** A client's end of a pool in memory, and a worker's that a test plays. */
export class PoolClientStage {
  readonly pool = new MemoryPool();
  readonly group = GroupKey.create();
  readonly owner = OwnerKey.create();
  readonly log = new FakeLog();
  /** What was kept last of a conversation. */
  kept: readonly ConversationEntry[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-pool-'));
  readonly ledger = new PoolLedger(this.folder);
  readonly #closing: (() => void)[] = [];

  /** What a host of the machine has; the next one has the same ledger. */
  runner(
    machine = 'mine',
    more: Partial<ClientCode> = {},
  ): {
    readonly runner: PoolRunner;
    readonly link: PoolLink;
    readonly queue: MemoryQueue;
    readonly code: ClientCode;
  } {
    const {group, owner, log, ledger} = this;
    const queue = this.pool.connect();
    const link = new PoolLink({
      open: async () => ({queue, group, owner}),
      ...{machine, host: machine},
      log,
    });
    const line = new PoolLine(link);
    // Of a run that a test leaves at work, it would look for as long as the process lives.
    this.#closing.push(() => line.leave(link.jobOf({project: 'shop', id: aRequest().delegationId})));
    const keep = async (_: unknown, entries: readonly ConversationEntry[]) => {
      this.kept = entries;
    };
    const code: ClientCode = {
      depart: async () => ({travel: TRAVEL, checkout: '/shop', commonDir: '/shop/.git', notes: []}),
      departWhole: () => Promise.reject(new Refusal('The code cannot travel to a worker: it is too large.')),
      bringHome: () => Promise.reject(new Error('nothing is brought home here')),
      readyHome: async () => ({checkout: '/shop', commonDir: '/shop/.git'}),
      keepStart: async () => {},
      commitOf: async () => undefined,
      ...more,
    };
    return {link, queue, code, runner: new PoolRunner({link, code, ledger, keep, line, waitMs: 60_000})};
  }

  /** Serves until it is drained: each lease is the test's to end. */
  async worker(work: (at: PlayedWorker) => Promise<void>): Promise<Serving> {
    return this.pool.connect().serve(SELF, {
      ...{routes: 'all', owners: 'all', concurrency: 4},
      lease: (lease) => work(new PlayedWorker(this, lease)),
    });
  }

  close(): void {
    for (const close of this.#closing) close();
    rmSync(this.folder, {recursive: true, force: true});
  }
}

/** A worker whose every step a test decides. */
export class PlayedWorker {
  readonly lease: Lease;
  readonly mail: Mail;
  readonly heard: FromOwner[] = [];
  readonly refused: string[] = [];

  constructor({pool, group, owner}: PoolClientStage, lease: Lease) {
    this.lease = lease;
    this.mail = new Mail(lease.job.id, {queue: pool.connect(), group, owner: owner.fingerprint});
  }

  listen(take: (letter: FromOwner) => void = () => {}) {
    return this.mail.atWorker(
      (letter) => {
        this.heard.push(letter);
        take(letter);
      },
      (why) => this.refused.push(why),
    );
  }

  tell(letter: DistributiveOmit<FromWorker, 'v'>): Promise<void> {
    return this.mail.toOwner({v: LETTERS_VERSION, ...letter} as FromWorker);
  }

  takes(): Promise<void> {
    return this.tell({is: 'taken', by: TAKEN});
  }

  gives(result: Partial<JobResult>): Promise<void> {
    return this.lease.giveResult(this.mail.sealedResult(aResult(result)));
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const TAKEN = {
  ...{worker: 'worker-1', host: 'big', version: '1.0.0', opencode: '1.18.33'},
  ...{agent: 'build', model: 'scripted/model'},
};

export function aProduct(text: string) {
  const usage = {input: 1, output: 1, reasoning: 0, cacheRead: 0, cacheWrite: 0, cost: 0};
  return {text, work: {usage, toolCalls: 0, filesChanged: [], refused: []}};
}

function aResult(given: Partial<JobResult> = {}): JobResult {
  return {
    v: LETTERS_VERSION,
    outcome: 'completed',
    product: aProduct('Done.'),
    by: TAKEN,
    notes: [],
    ...given,
  };
}

export function aRequest(given: Partial<RunRequest> = {}): RunRequest {
  return {
    ...{delegationId: 'swift-amber-otter', directory: '/worktrees/shop/swift-amber-otter'},
    ...{access: 'worktree', agent: 'build', model: 'scripted/model', prompt: 'Do it.', title: 'Do it'},
    deadline: Number.POSITIVE_INFINITY,
    handedOver: {
      ...{project: 'shop', timeoutMs: 60_000, ceilings: {}},
      worktree: {
        ...{checkout: '/shop', path: '/worktrees/shop/swift-amber-otter'},
        ...{
          directory: '/worktrees/shop/swift-amber-otter',
          branch: 'delegation/swift-amber-otter',
          base: HEAD,
        },
      },
    },
    ...given,
  };
}

/** Notes what it is told, as `kind value`. */
export class NotingObserver implements RunObserver {
  readonly told: string[] = [];

  async sessionOpened(id: string): Promise<void> {
    this.told.push(`session ${id}`);
  }

  taken({worker}: {worker: string}): void {
    this.told.push(`taken ${worker}`);
  }

  activity({last}: {last: string}): void {
    this.told.push(`activity ${last}`);
  }

  asked(id: string): void {
    this.told.push(`asked ${id}`);
  }

  withdrawn(id: string): void {
    this.told.push(`withdrawn ${id}`);
  }

  heard(numbers: readonly number[]): void {
    this.told.push(`heard ${numbers.join(',')}`);
  }

  rateLimited(): void {}
}
