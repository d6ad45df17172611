import {createHash} from 'node:crypto';
import type * as z from 'zod';
import {messageOf} from '../../base/errors.ts';
import type {Listening, PoolJob, PoolQueue, Reader} from '../queue/queue.ts';
import type {GroupKey} from '../seal/group-key.ts';
import {type OwnerKey, verified} from '../seal/owner-key.ts';
import {openedFile, sealedFile} from '../seal/sealed-file.ts';
import {openedJob} from '../seal/sealed-job.ts';
import {
  type CollectedNote,
  collectedNote,
  type FromOwner,
  type FromWorker,
  fromOwner,
  fromWorker,
  type JobResult,
  jobResult,
  LETTERS_VERSION,
  type WorkOrder,
  workOrder,
} from './letters.ts';

/** It was written by a later version, which this one does not understand. */
class NewerVersion extends Error {
  override readonly name = 'NewerVersion';

  constructor(version: number) {
    super(
      `It was written by a later opencode-delegate: that speaks version ${version} of the pool's letters, and this one ${LETTERS_VERSION}. Install the same version on both machines.`,
    );
  }
}

export interface MailOptions {
  readonly queue: PoolQueue;
  readonly group: GroupKey;
  /** The key of the job's owner, or its fingerprint where this is not the owner. */
  readonly owner: OwnerKey | string;
}

/** What owner and worker of one job tell each other, sealed on its way through the queue. */
export class Mail {
  readonly #queue: PoolQueue;
  readonly #group: GroupKey;
  readonly #owner: OwnerKey | string;
  readonly #job: string;

  constructor(job: string, {queue, group, owner}: MailOptions) {
    this.#job = job;
    this.#queue = queue;
    this.#group = group;
    this.#owner = owner;
  }

  /** Only the owner can: others of the group could else cancel, and answer, for them. @throws as {@link PoolQueue.post}. */
  async toWorker(letter: FromOwner): Promise<void> {
    await this.#queue.post(this.#job, 'worker', this.#byOwner(letter, 'worker'));
  }

  /** @throws as {@link PoolQueue.post}. */
  toOwner(letter: FromWorker): Promise<void> {
    return this.#queue.post(this.#job, 'owner', this.#group.sealed(bytesOf(letter), [this.#job, 'owner']));
  }

  /** Letters that cannot be understood are told to `refused`, and are as if they had not come. */
  atWorker(take: (letter: FromOwner) => void, refused: (why: string) => void): Promise<Listening> {
    const opened = (body: Uint8Array) => this.#ofOwner(body, 'worker');
    return this.#receive('worker', {schema: fromOwner, opened, take, refused});
  }

  atOwner(take: (letter: FromWorker) => void, refused: (why: string) => void): Promise<Listening> {
    const opened = (body: Uint8Array) => this.#group.opened(body, [this.#job, 'owner']);
    return this.#receive('owner', {schema: fromWorker, opened, take, refused});
  }

  /** What the owner was told by now, in order; what cannot be understood is left out. */
  toldOwner(): Promise<readonly FromWorker[]> {
    return allOf((take) => this.atOwner(take, () => {}));
  }

  /** As {@link toldOwner}: what machines of the owner's have written. */
  toldWorker(): Promise<readonly FromOwner[]> {
    return allOf((take) => this.atWorker(take, () => {}));
  }

  /** What the job asks for. @throws when it is not what this owner has signed. */
  openedOrder(job: PoolJob): WorkOrder {
    return understood(
      workOrder,
      openedJob(job, this.#group, (owner) => owner === this.#fingerprint),
    );
  }

  /** Only the owner can leave one. */
  sealedNote(note: CollectedNote): Uint8Array {
    return this.#byOwner(note, 'note');
  }

  /** @throws when its owner has not left it. */
  openedNote(bytes: Uint8Array): CollectedNote {
    return understood(collectedNote, this.#ofOwner(bytes, 'note'));
  }

  sealedResult(result: JobResult): Uint8Array {
    return this.#group.sealed(bytesOf(result), [this.#job, 'result']);
  }

  /** @throws when it is none of the group's, or of a later version. */
  openedResult(bytes: Uint8Array): JobResult {
    return understood(jobResult, this.#group.opened(bytes, [this.#job, 'result']));
  }

  putFile(name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#queue.putFile(this.#job, name, sealedFile(content, this.#group, [this.#job, 'file', name]));
  }

  getFile(name: string): AsyncIterable<Uint8Array> {
    return openedFile(this.#queue.getFile(this.#job, name), this.#group, [this.#job, 'file', name]);
  }

  #byOwner(value: object, place: string): Uint8Array {
    if (typeof this.#owner === 'string') throw new Error('only the owner can have signed it');
    const context = [this.#job, place];
    return this.#group.sealed(this.#owner.signed(bytesOf(value), context), context);
  }

  #ofOwner(bytes: Uint8Array, place: string): Uint8Array {
    const context = [this.#job, place];
    const {owner, plain} = verified(this.#group.opened(bytes, context), context);
    if (owner !== this.#fingerprint) throw new Error('somebody else than its owner has written it');
    return plain;
  }

  get #fingerprint(): string {
    return typeof this.#owner === 'string' ? this.#owner : this.#owner.fingerprint;
  }

  #receive<Schema extends z.ZodType>(
    at: Reader,
    {schema, opened, take, refused}: Receiving<Schema>,
  ): Promise<Listening> {
    const known = new Set<string>();
    return this.#queue.receive(this.#job, at, 0, ({number, body}) => {
      let letter: z.output<Schema>;
      try {
        // Each is sealed in a way of its own: the same bytes once more were put there by somebody without the key.
        const digest = createHash('sha256').update(body).digest('base64');
        if (known.has(digest)) throw new Error('it is a copy of an earlier one');
        known.add(digest);
        letter = understood(schema, opened(body));
      } catch (error) {
        refused(`letter ${number} for the ${at} of ${this.#job} is left aside: ${messageOf(error)}`);
        return;
      }
      take(letter);
    });
  }
}

/** Those that are there now. */
async function allOf<Letter>(
  receive: (take: (letter: Letter) => void) => Promise<Listening>,
): Promise<readonly Letter[]> {
  const letters: Letter[] = [];
  const listening = await receive((letter) => letters.push(letter));
  await listening.close();
  return letters;
}

interface Receiving<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly opened: (body: Uint8Array) => Uint8Array;
  readonly take: (letter: z.output<Schema>) => void;
  readonly refused: (why: string) => void;
}

/** @throws NewerVersion; when it is nothing that fits. */
export function understood<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array): z.output<Schema> {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
  if (typeof version === 'number' && version > LETTERS_VERSION) throw new NewerVersion(version);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`it does not fit: ${issue?.path.join('.')} ${issue?.message}`);
}

export function bytesOf(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
