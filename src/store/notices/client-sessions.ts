import {textDigest} from '../../base/text-digest.ts';
import {SESSION_ID} from '../../delegation/model/delegation.ts';

/** A folder of notices that a client's hook has made; none of OpenCode's sessions is called like one. */
export const CLIENT_SESSION = /^(?:claude-code|codex|cursor|gemini|opencode|vscode)-[\w-]{1,80}$/;
const NAME_PART = /^[\w-]{1,80}$/;

/**
 * Under which name a session of a client has its notices. One of OpenCode has its own, so that plugin and hook know of
 * each other. A client may call its session anything: what cannot be part of a file's name is told apart by its digest.
 */
export function noticesOf(client: string, session: string): string {
  if (client === 'opencode' && SESSION_ID.test(session)) return session;
  const part = NAME_PART.test(session) ? session : textDigest(session);
  return `${client}-${part}`;
}
