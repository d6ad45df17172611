import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {z} from 'zod';
import {messageOf, Refusal} from '../../base/errors.ts';
import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import {type DelegationHead, hasEnded} from '../../delegation/model/delegation.ts';
import {Secrets} from '../../opencode/secrets/secrets.ts';
import {findBinary} from '../../opencode/server/binary.ts';
import {conversationOf} from '../../opencode/transcript/conversation.ts';
import type {Transcript} from '../../opencode/transcript/transcript.ts';
import {turnOf} from '../../opencode/transcript/turn.ts';

const MAX_BYTES = 256 * 1024 * 1024;
const exported = z.object({
  messages: z.array(z.object({info: z.looseObject({}), parts: z.array(z.looseObject({}))})),
});

export interface ExportOptions {
  readonly env: NodeJS.ProcessEnv;
  /** A folder that brings nothing: OpenCode loads what the folder that it runs in brings. */
  readonly neutral: string;
}

/**
 * What the agent of a delegation that has ended said and did, as OpenCode has it stored: `opencode export` says it, and
 * keys are taken out of it.
 *
 * @throws Refusal when it never had a session, or OpenCode does not have it any more or cannot be run.
 */
export async function storedConversation(
  head: DelegationHead,
  asking: ExportOptions,
): Promise<readonly ConversationEntry[]> {
  const session = hasEnded(head.state) ? head.state.sessionId : undefined;
  if (session === undefined) throw new Refusal(`${head.id} never ran, so there is no conversation.`);
  const secrets = new Secrets(asking.env);
  secrets.learn(head.directory);
  const transcript = parse(secrets.conceal(await exportOf(session, asking)), session);
  const turn = turnOf(transcript, {delegationId: head.id, isContinued: head.continues !== undefined});
  return conversationOf(turn, {isBelow: false});
}

async function exportOf(session: string, {env, neutral}: ExportOptions): Promise<string> {
  const binary = await findBinary({named: env.OPENCODE_DELEGATE_BIN?.trim() || undefined, env});
  try {
    const options = {env, cwd: neutral, maxBuffer: MAX_BYTES};
    const {stdout} = await promisify(execFile)(binary, ['export', session, '--pure'], options);
    return stdout;
  } catch (error) {
    const [why = ''] = messageOf(error).split('\n').slice(-1);
    throw new Refusal(`OpenCode could not say what session ${session} holds: ${why}`, {cause: error});
  }
}

/** What OpenCode says has the types that its SDK declares. */
function parse(text: string, session: string): Transcript {
  try {
    return exported.parse(JSON.parse(text)).messages as unknown as Transcript;
  } catch {
    throw new Refusal(`OpenCode has said of session ${session} what this version does not understand.`);
  }
}
