import type {Readable} from 'node:stream';
import type {Input} from './clients/protocol.ts';

/** A prompt may be long; what is longer than this is none. */
const MAX_BYTES = 16 * 1024 * 1024;

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
    let text = '';
    const settle = (input: Input | undefined): void => {
      clearTimeout(timer);
      stdin.removeAllListeners();
      stdin.destroy();
      resolve(input);
    };
    const timer = setTimeout(() => settle(undefined), patienceMs);
    stdin.setEncoding('utf8');
    stdin.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_BYTES) return settle(undefined);
      const input = text.trimEnd().endsWith('}') ? objectIn(text) : undefined;
      if (input !== undefined) settle(input);
    });
    stdin.on('end', () => settle(objectIn(text)));
    stdin.on('error', () => settle(undefined));
  });
}

function objectIn(text: string): Input | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Input)
      : undefined;
  } catch {
    // It is not complete yet, or never will be.
    return undefined;
  }
}
