import type {Server} from '@modelcontextprotocol/server';
import {z} from 'zod';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';

/** As long as a timer can be: some clients ask their user first, and what comes late still counts. */
const PATIENCE_MS = 2 ** 31 - 1;

const answer = z.looseObject({roots: z.array(z.unknown())});
const root = z.looseObject({uri: z.string()});

/**
 * The URIs that the client names as its roots, none where it names none. One that makes no sense discards no other:
 * the SDK's own schema would refuse them all.
 */
export async function rootsOf(server: Server, log: Logger): Promise<readonly string[]> {
  if (server.getClientCapabilities()?.roots === undefined) return [];
  try {
    const {roots} = await server.request({method: 'roots/list'}, answer, {timeout: PATIENCE_MS});
    return roots.flatMap((each) => root.safeParse(each).data?.uri ?? []);
  } catch (error) {
    // Revisions since 2026-07-28 have no requests from server to client; then the working directory counts.
    log.debug(`the client's roots could not be listed: ${messageOf(error)}`);
    return [];
  }
}
