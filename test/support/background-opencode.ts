import {readFileSync} from 'node:fs';
import {createOpencodeClient, type OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {openCodeIn, urlOf} from './processes.ts';
import type {Sandbox} from './sandbox.ts';

/** Asks the OpenCode server that runs in the background of a sandbox, beside the one who has started it. */
export function backgroundClient({root, project}: Sandbox): OpencodeClient {
  const [server] = openCodeIn(root);
  if (server === undefined) throw new Error('no OpenCode runs');
  const environment = readFileSync(`/proc/${server.pid}/environ`, 'utf8');
  const password = /OPENCODE_SERVER_PASSWORD=([^\0]+)/.exec(environment)?.[1];
  return createOpencodeClient({
    baseUrl: urlOf(server.command),
    headers: {authorization: `Basic ${btoa(`opencode:${password}`)}`},
    directory: project,
  });
}
