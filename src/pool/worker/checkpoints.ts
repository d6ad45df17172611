import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {NO_USAGE} from '../../delegation/model/delegation.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {type FromWorker, LETTERS_VERSION} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import type {WorkerCode} from './code.ts';

export interface CheckpointsOptions {
  readonly code: WorkerCode;
  readonly mail: Mail;
  readonly log: Logger;
  readonly everyMs: number;
  /** What the client has. */
  readonly since: string;
  /** What the branch is called there. */
  readonly branch: string;
  readonly viewed: () => DelegationView | undefined;
  /** What its agent has written so far. */
  readonly written: () => string;
  readonly post: (letter: FromWorker) => void;
}

/** Puts what an agent has done so far where it outlives the worker, now and then. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #timer: NodeJS.Timeout;
  #last: string | undefined;
  #count = 0;
  #making: Promise<void> | undefined;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#making ??= this.#make()
        .catch((error: unknown) => options.log.warn(`no checkpoint was made: ${messageOf(error)}`))
        .finally(() => {
          this.#making = undefined;
        });
    }, options.everyMs);
  }

  /** Resolves when none is being made any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#making;
  }

  async #make(): Promise<void> {
    const {code, mail, since, branch, viewed} = this.#options;
    const view = viewed();
    const worktree = view?.delegation.worktree;
    if (view === undefined || worktree === undefined || view.delegation.state.status !== 'running') return;
    const packed = await code.checkpoint(worktree, {since, branch});
    if (packed === undefined) return;
    const {commit, bytes, sha256} = packed;
    try {
      if (commit === this.#last) return;
      this.#count += 1;
      // Two in turn: the one that the last letter names is whole while the next one comes.
      const file = `checkpoint-${this.#count % 2}`;
      await mail.putFile(file, packed.content());
      this.#last = commit;
      this.#tell(view, {file, harvest: {commit, bytes, sha256}});
    } finally {
      await packed.drop();
    }
  }

  #tell({activity}: DelegationView, made: Pick<Extract<FromWorker, {is: 'checkpoint'}>, 'file' | 'harvest'>) {
    const {written, post} = this.#options;
    const work = {
      usage: {...(activity?.usage ?? NO_USAGE)},
      toolCalls: activity?.toolCalls ?? 0,
      filesChanged: [],
      refused: [],
    };
    post({v: LETTERS_VERSION, is: 'checkpoint', at: Date.now(), ...made, product: {text: written(), work}});
  }
}
