import type {Duplex, Writable} from 'node:stream';

/** How long they may take: a host that hangs or a client that does not read keeps nobody. */
const LAST_WORDS_MS = 1_000;

export interface LastWordsOptions {
  /** The connection to the host, where there is one. */
  readonly socket: Duplex | undefined;
  /** What the host is still to be sent. */
  readonly lines: readonly Buffer[];
  /** The client's end. */
  readonly output: Writable;
}

/** Ends the connection to the host. Calls back when host and client have been sent all that was written to them. */
export function lastWords({socket, lines, output}: LastWordsOptions, done: () => void): void {
  const deadline = setTimeout(done, LAST_WORDS_MS);
  const flush = () => {
    output.write('', () => {
      clearTimeout(deadline);
      done();
    });
  };
  if (socket === undefined || socket.destroyed) {
    flush();
    return;
  }
  for (const line of lines) socket.write(line);
  socket.end(flush);
}
