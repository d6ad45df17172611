import type {Readable, Writable} from 'node:stream';
import {serveStdio} from '@modelcontextprotocol/server/stdio';
import {type Backend, createServerFactory} from './server.ts';
import {Wire} from './wire.ts';

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
  const wire = new Wire(input, output);
  const factory = createServerFactory(backend, {cwd});
  return serveStdio(
    (context) => {
      wire.era = context.era;
      return factory(context);
    },
    {transport: wire, onerror: (error) => backend.log.warn(`connection: ${error.message}`)},
  );
}
