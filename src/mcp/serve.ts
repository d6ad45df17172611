import type {Readable, Writable} from 'node:stream';
import {serveStdio} from '@modelcontextprotocol/server/stdio';
import {Wire} from './connection/wire.ts';
import {type Caller, createServerFactory, type DelegationService} from './server.ts';

export interface ConnectionOptions extends Caller {
  readonly input: Readable;
  readonly output: Writable;
}

/** Serves one client. Returns what ends the connection; the end of its input ends it too. */
export function serveConnection(
  service: DelegationService,
  {input, output, ...caller}: ConnectionOptions,
): {close(): Promise<void>} {
  const wire = new Wire(input, output);
  const factory = createServerFactory(service, caller);
  return serveStdio(
    (context) => {
      wire.era = context.era;
      return factory(context);
    },
    {transport: wire, onerror: (error) => service.log.warn(`connection: ${error.message}`)},
  );
}
