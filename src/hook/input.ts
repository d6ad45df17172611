import type {Readable} from 'node:stream';
import type {Input} from './clients/protocol.ts';

/** A prompt may be long; what is longer than this is none. */
const MAX_CHARS = 16 * 1024 * 1024;
/** A pipe brings a large text in pieces, each at once after the one before. */
const BETWEEN_PIECES_MS = 10;

export interface InputOptions {
  readonly stdin: Readable;
  /** So long is waited for it, in milliseconds. */
  readonly patienceMs: number;
}

/**
 * The JSON that the client gives. It is taken when it is complete, and not only when stdin ends: some clients leave it
 * open. `undefined` where there is none in time.
 */
export function readInput({stdin, patienceMs}: InputOptions): Promise<Input | undefined> {
  return new Promise((resolve) => {
    const pieces: string[] = [];
    let [length, tried] = [0, 0];
    let later: NodeJS.Timeout | undefined;
    const settle = (input: Input | undefined): void => {
      clearTimeout(timer);
      clearTimeout(later);
      stdin.removeAllListeners();
      stdin.destroy();
      resolve(input);
    };
    const attempt = (): void => {
      tried = length;
      const input = objectIn(pieces.join(''));
      if (input !== undefined) settle(input);
    };
    const timer = setTimeout(() => settle(undefined), patienceMs);
    stdin.setEncoding('utf8');
    stdin.on('data', (piece: string) => {
      pieces.push(piece);
      length += piece.length;
      clearTimeout(later);
      if (length > MAX_CHARS) return settle(undefined);
      if (!/[}\s]$/.test(piece)) return;
      // To read all of it again with each piece would take longer than a prompt may wait.
      if (length >= 2 * tried) attempt();
      else later = setTimeout(attempt, BETWEEN_PIECES_MS);
    });
    stdin.on('end', () => settle(objectIn(pieces.join(''))));
    stdin.on('error', () => settle(undefined));
  });
}

function objectIn(text: string): Input | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Input)
      : undefined;
  } catch {
    // It is not complete yet, or never will be.
    return undefined;
  }
}
