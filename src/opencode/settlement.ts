import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../delegation/errors.ts';
import type {NotKnown, RunEnd} from '../delegation/ports.ts';
import {dataOf} from './answer.ts';
import type {OpenCode} from './opencode.ts';
import {describeTool} from './progress.ts';
import type {SessionWork} from './session-work.ts';
import {judge, type Transcript, toolParts} from './transcript.ts';
import {type Turn, turnOf} from './turn.ts';

const NOTHING_SENT = 'Nothing had been sent to the model. Delegate it again.';

export interface SettlementOptions {
  readonly opencode: OpenCode;
  readonly turn: Turn;
  readonly directory: string;
  /** Absent when whoever ran it died before it could note the session. */
  readonly sessionId: string | undefined;
  /** What is known of its work already; what OpenCode has stored is added. */
  readonly work: SessionWork;
  /** What happened, as a sentence. */
  readonly cause: string;
}

/**
 * Finds out what became of a session whose server is gone, from the messages that OpenCode has stored: the
 * answer may be complete. Where OpenCode cannot be asked, that is no end. Never rejects.
 */
export async function settle(options: SettlementOptions): Promise<RunEnd | NotKnown> {
  const {opencode, directory, turn, work, cause} = options;
  const interrupted = (rest: string): RunEnd => ({
    outcome: 'interrupted',
    product: work.unfinished(),
    error: `${cause} ${rest}`,
  });
  try {
    const {client} = await opencode.connect();
    const sessionId = options.sessionId ?? (await findSession(client, directory, turn));
    if (sessionId === undefined) return interrupted(NOTHING_SENT);
    const stored = turnOf(await dataOf(client.session.messages({sessionID: sessionId})), turn);
    if (stored.length === 0) return interrupted(NOTHING_SENT);
    work.merge(stored);
    await work.readBelow(stored, client);
    const verdict = judge(stored);
    if (verdict.is === 'answered') return {outcome: 'completed', product: work.answered(verdict.text)};
    if (verdict.is === 'failed') return {outcome: 'error', product: work.unfinished(), error: verdict.error};
    const goOn = `Go on with delegate(continue: "${turn.delegationId}"), or yourself: opencode --session ${sessionId}, in ${directory}.`;
    return interrupted([cutOff(stored), goOn].filter((sentence) => sentence !== '').join(' '));
  } catch (error) {
    return {outcome: 'not known', why: `OpenCode could not be asked what became of it: ${messageOf(error)}`};
  }
}

/** Every session that we open carries the id of its delegation. */
async function findSession(
  client: OpencodeClient,
  directory: string,
  {delegationId}: Turn,
): Promise<string | undefined> {
  const sessions = await dataOf(client.session.list({directory}));
  return sessions.find(({metadata}) => metadata?.delegation === delegationId)?.id;
}

function cutOff(transcript: Transcript): string {
  const tools = toolParts(transcript).filter(
    ({state}) => state.status === 'running' || state.status === 'pending',
  );
  return tools.length === 0 ? '' : `Cut off in the middle of: ${tools.map(describeTool).join('; ')}.`;
}
