import {type RequestId, readMessage} from '../link/message.ts';

interface Batch {
  /** Requests that have no answer yet, by id. */
  readonly open: Set<RequestId>;
  readonly answers: string[];
}

/** Batches that the client has sent: JSON-RPC wants the answers to one in one line, when all of them are there. */
export class Batches {
  /** Of each request without an answer, the batch that it came in. */
  readonly #batchOf = new Map<RequestId, Batch>();

  /** Takes note of a batch, with the answers that it has already. Returns what the client is to see of it now. */
  open(requests: readonly RequestId[], answers: readonly string[]): string | undefined {
    const batch = {open: new Set(requests), answers: [...answers]};
    for (const id of requests) this.#batchOf.set(id, batch);
    return whole(batch);
  }

  /** Takes a line for the client. Returns what the client is to see instead of it now, if anything. */
  pass(line: Buffer | string): Buffer | string | undefined {
    if (this.#batchOf.size === 0) return line;
    const message = readMessage(line);
    const batch = message.kind === 'response' ? this.#batchOf.get(message.id) : undefined;
    if (batch === undefined || message.kind !== 'response') return line;
    batch.answers.push(line.toString());
    return this.#settled(message.id, batch);
  }

  /** The client wants no answer to it. Returns those that waited for it, if they did. */
  cancelled(id: RequestId): string | undefined {
    const batch = this.#batchOf.get(id);
    return batch && this.#settled(id, batch);
  }

  #settled(id: RequestId, batch: Batch): string | undefined {
    this.#batchOf.delete(id);
    batch.open.delete(id);
    return whole(batch);
  }
}

function whole({open, answers}: Batch): string | undefined {
  const isReady = open.size === 0 && answers.length > 0;
  return isReady ? `[${answers.map((answer) => answer.trim()).join(',')}]\n` : undefined;
}
