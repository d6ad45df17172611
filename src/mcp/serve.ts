import type {Readable, Writable} from 'node:stream';
import {StdioServerTransport, serveStdio} from '@modelcontextprotocol/server/stdio';
import {type Backend, createServerFactory} from './server.ts';

export interface ConnectionOptions {
  /** The working directory of the client. */
  readonly cwd: string;
  readonly input: Readable;
  readonly output: Writable;
}

/** Serves one client. Returns what ends the connection; the end of its input ends it too. */
export function serveConnection(
  backend: Backend,
  {cwd, input, output}: ConnectionOptions,
): {close(): Promise<void>} {
  return serveStdio(createServerFactory(backend, {cwd}), {
    transport: new StdioServerTransport(input, output),
    onerror: (error) => backend.log.warn(`connection: ${error.message}`),
  });
}
