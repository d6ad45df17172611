import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {NothingSent, NotKnown, RunEnd} from '../../delegation/model/run.ts';
import type {OpenCode} from '../server/opencode.ts';
import type {SessionWork} from '../session/session-work.ts';
import {describeTool} from '../transcript/progress.ts';
import {type Transcript, toolParts} from '../transcript/transcript.ts';
import {type Turn, turnOf} from '../transcript/turn.ts';
import {conclude, judgeTurn, type Verdict} from '../transcript/verdict.ts';
import {dataOf} from '../wire/answer.ts';

/** OpenCode lists 100 unless it is told otherwise. */
const ALL_SESSIONS = 100_000;

export interface PostMortemOptions {
  readonly opencode: OpenCode;
  readonly turn: Turn;
  readonly directory: string;
  /** Absent when the process that ran it died before it could note the session. */
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
export function postMortem(options: PostMortemOptions): Promise<RunEnd | NothingSent | NotKnown> {
  return options.opencode.during(() => examine(options));
}

async function examine(options: PostMortemOptions): Promise<RunEnd | NothingSent | NotKnown> {
  const {opencode, directory, turn, work, cause} = options;
  const interrupted = (rest: string): RunEnd => ({
    outcome: 'interrupted',
    product: work.unfinished(),
    error: `${cause} ${rest}`,
  });
  try {
    const {client} = await opencode.connect(`it is to be found out how ${turn.delegationId} ended`);
    const found = await findTurn(client, options);
    if (found === 'no session') {
      return interrupted(`OpenCode has its session ${options.sessionId} no longer. Delegate it again.`);
    }
    if (found === undefined) return {outcome: 'nothing sent', why: cause};
    const {sessionId, stored} = found;
    work.merge(stored);
    await work.readBelow(stored, client);
    const rest = `${cutOff(stored)}${goOn(turn, {id: sessionId, directory, opencode})}`;
    return endOf(conclude(judgeTurn(stored), stored), work, `${cause} ${rest}`);
  } catch (error) {
    return {outcome: 'not known', why: `OpenCode could not be asked what became of it: ${messageOf(error)}`};
  }
}

/** @param interruption Why there is no end in the messages, and how to go on. */
export function endOf(verdict: Verdict, work: SessionWork, interruption: string): RunEnd {
  switch (verdict.is) {
    case 'answered':
      return {outcome: 'completed', product: work.answered(verdict)};
    case 'failed':
      return {outcome: 'error', product: work.unfinished(), error: verdict.error};
    default:
      return {outcome: 'interrupted', product: work.unfinished(), error: interruption};
  }
}

interface Place {
  /** The session's. */
  readonly id: string;
  readonly directory: string;
  readonly opencode: OpenCode;
}

/** Why one that OpenCode aborted was interrupted, and how to go on, as sentences. */
export function wasAborted(turn: Turn, place: Place): string {
  return `OpenCode aborted it, as it does when its server is ended. ${goOn(turn, place)}`;
}

function goOn({delegationId}: Turn, {id, directory, opencode}: Place): string {
  const yourself = opencode.isApart ? '' : `, or yourself: opencode --session ${id}, in ${directory}`;
  return `Go on with delegate(continue: "${delegationId}")${yourself}.`;
}

interface FoundTurn {
  readonly sessionId: string;
  readonly stored: Transcript;
}

/**
 * The turn as OpenCode has stored it; `undefined` when it never began. The session that was noted need not be the one
 * that was prompted: the process that ran it may have died between the two.
 */
async function findTurn(
  client: OpencodeClient,
  {sessionId: noted, directory, turn}: PostMortemOptions,
): Promise<FoundTurn | 'no session' | undefined> {
  const first = noted === undefined ? undefined : await turnIn(client, noted, turn);
  if (typeof first === 'object') return first;
  const sessions = await dataOf(client.session.list({directory, limit: ALL_SESSIONS}));
  for (const {id, metadata} of sessions) {
    // Every session that we open carries the id of its delegation.
    if (id === noted || metadata?.delegation !== turn.delegationId) continue;
    const found = await turnIn(client, id, turn);
    if (typeof found === 'object') return found;
  }
  return first;
}

async function turnIn(
  client: OpencodeClient,
  sessionId: string,
  turn: Turn,
): Promise<FoundTurn | 'no session' | undefined> {
  const {response, ...answer} = await client.session.messages({sessionID: sessionId});
  if (response?.status === 404) return 'no session';
  const stored = turnOf(await dataOf(Promise.resolve(answer)), turn);
  return stored.length === 0 ? undefined : {sessionId, stored};
}

function cutOff(transcript: Transcript): string {
  const tools = toolParts(transcript).filter(
    ({state}) => state.status === 'running' || state.status === 'pending',
  );
  return tools.length === 0 ? '' : `Cut off in the middle of: ${tools.map(describeTool).join('; ')}. `;
}
