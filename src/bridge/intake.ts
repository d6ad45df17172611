import {type Line, Lines} from '../link/lines.ts';
import {errorLine, idAtEdge, isObject, type Message, parseObject} from '../link/message.ts';
import {type Judged, judgeMessage, type Passed, refusal} from './judge.ts';

/** Just below what the server accepts, so that it is the bridge that refuses, with an answer. */
const MAX_LINE_BYTES = 10_000_000;

const TOO_LONG = `A message of more than ${MAX_LINE_BYTES / 1e6} MB is not passed on.`;
/** The one revision that has batches. */
const BATCH_REVISION = '2025-03-26';

/** A line of the client, or several in a batch: what goes on to the host, and what is answered here. */
export interface Taken {
  readonly passed: readonly Passed[];
  readonly answers: readonly string[];
  readonly isBatch: boolean;
}

/** Makes messages of what the client writes, and answers of what is none. */
export class Intake {
  readonly #lines = new Lines({maxBytes: MAX_LINE_BYTES});
  /** The revision that the client has asked to speak, where it has said one. */
  #revision: unknown;

  push(chunk: Buffer): readonly Taken[] {
    return this.#takeAll(this.#lines.push(chunk));
  }

  /** The client writes no more: its last line may lack the newline. */
  end(): readonly Taken[] {
    return this.#takeAll(this.#lines.end());
  }

  #takeAll(lines: readonly Line[]): readonly Taken[] {
    return lines.flatMap((line) => {
      if ('tooLong' in line) return [];
      if ('skipped' in line) return takenOf([{answer: errorLine(idAtEdge(line.skipped), TOO_LONG)}]);
      const judged = judgeMessage(line.bytes);
      if ('batch' in judged) return this.#takenBatch(judged.batch);
      if ('passed' in judged) this.#noteRevision(judged.passed);
      return takenOf([judged]);
    });
  }

  #noteRevision({message, line}: Passed): void {
    if (!isInitialize(message)) return;
    const params = parseObject(line)?.params;
    this.#revision = isObject(params) ? params.protocolVersion : undefined;
  }

  #takenBatch(entries: readonly Judged[]): Taken {
    if (this.#revision !== BATCH_REVISION) {
      const why = `batches are of protocol ${BATCH_REVISION} alone, send each message in a line of its own`;
      const toEach = entries.flatMap((entry) => refused(entry, why));
      const isAnswerable = !entries.every(isResponse);
      return takenOf(toEach.length === 0 && isAnswerable ? [refusal(null, why)] : toEach);
    }
    const allowed = entries.flatMap((entry) => {
      const isOpening = 'passed' in entry && isInitialize(entry.passed.message);
      return isOpening ? refused(entry, 'initialize must not be part of a batch') : entry;
    });
    return {...takenOf(allowed), isBatch: true};
  }
}

/** A response is never answered. What is none to be understood is left aside as well. */
function isResponse(judged: Judged): boolean {
  return 'nothing' in judged || ('passed' in judged && judged.passed.message.kind === 'response');
}

/** Nothing for what nobody waits for an answer to. */
function refused(judged: Judged, why: string): readonly Judged[] {
  if (!('passed' in judged)) return [judged];
  const {message} = judged.passed;
  return message.kind === 'request' ? [refusal(message.id, why)] : [];
}

function takenOf(judged: readonly Judged[]): Taken {
  return {
    passed: judged.flatMap((entry) => ('passed' in entry ? entry.passed : [])),
    answers: judged.flatMap((entry) => ('answer' in entry ? entry.answer : [])),
    isBatch: false,
  };
}

function isInitialize(message: Message): boolean {
  return message.kind === 'request' && message.method === 'initialize';
}
