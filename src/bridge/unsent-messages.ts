import type {RequestId} from '../link/message.ts';
import type {Passed} from './judge.ts';

/** Messages of the client that no host has been sent yet, in order. */
export class UnsentMessages {
  #messages: Passed[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  get lines(): readonly Buffer[] {
    return this.#messages.map(({line}) => line);
  }

  /** The requests among them. */
  get requests(): readonly RequestId[] {
    return requestsIn(this.#messages);
  }

  add(passed: Passed): void {
    this.#messages.push(passed);
    this.#bytes += passed.line.length;
  }

  /** Takes out the first one. */
  next(): Buffer | undefined {
    const first = this.#messages.shift();
    this.#bytes -= first?.line.length ?? 0;
    return first?.line;
  }

  /** Takes out a request. False where it is not among them. */
  cancel(id: RequestId): boolean {
    const isMeant = ({message}: Passed) => message.kind === 'request' && message.id === id;
    const found = this.#messages.find(isMeant);
    if (found === undefined) return false;
    this.#messages = this.#messages.filter((each) => each !== found);
    this.#bytes -= found.line.length;
    return true;
  }

  /** Takes out all. */
  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
  }
}

/** The ids of the requests among messages. */
export function requestsIn(messages: readonly Passed[]): readonly RequestId[] {
  return messages.flatMap(({message}) => (message.kind === 'request' ? message.id : []));
}
