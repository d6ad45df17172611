import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';

/** False only when OpenCode says that it has no such session: no answer, and any other refusal, is no sign of that. */
export async function isSessionThere(
  client: OpencodeClient,
  sessionID: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const {data, response} = await client.session.get({sessionID}, signal === undefined ? {} : {signal});
  return data !== undefined || response?.status !== 404;
}
