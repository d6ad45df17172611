import {createOpencodeClient, type OpencodeClient} from '@opencode-ai/sdk/v2/client';
import type {Logger} from '../../base/log.ts';
import {authorization} from '../keeper/handed.ts';
import {type Conceal, concealed} from '../secrets/concealed.ts';
import {limitedFetch} from '../wire/limited-fetch.ts';
import type {ServerPassword} from './password.ts';

const UNAUTHORIZED = 401;

export interface ServerClient {
  readonly client: OpencodeClient;
  /** Whether the keeper runs in the server. */
  readonly isKept: boolean;
}

/** A client of a server of ours that has said that it listens, with the password that it takes. */
export async function clientOf(
  url: string,
  {kept, shown}: ServerPassword,
  {log, conceal}: {log: Logger; conceal: Conceal},
): Promise<ServerClient> {
  const isKept = await isTaken(url, kept);
  if (!isKept) {
    log.warn(
      'this OpenCode does not let its password be kept from what it starts: commands and MCP servers of agents find it in their environment, and a project’s configuration can have it sent elsewhere',
    );
  }
  const client = createOpencodeClient({
    baseUrl: url,
    fetch: limitedFetch(concealed(conceal)),
    headers: {
      authorization: authorization(isKept ? kept : shown),
      // On one machine, compressing costs both sides more than it saves.
      'accept-encoding': 'identity',
    },
  });
  return {client, isKept};
}

/** False when the server has refused it. Who cannot be asked has refused nothing. */
async function isTaken(url: string, password: string): Promise<boolean> {
  const headers = {authorization: authorization(password)};
  try {
    const ask = limitedFetch(async (answer) => answer);
    const {status} = await ask(new URL('/global/health', url), {headers});
    return status !== UNAUTHORIZED;
  } catch {
    // Anyone who asks next says what is wrong.
    return true;
  }
}
