import type {Transcript, TranscriptMessage} from './transcript.ts';

/** Where a prompt's own text part says whose it is: the key in its metadata. */
const MARK = 'delegation';

/** Which part of a session's messages is a delegation's own. */
export interface Turn {
  readonly delegationId: string;
  /** True when the session had messages before. */
  readonly isContinued: boolean;
}

/** The prompt as it is sent: marked, so that its turn is found again among all others of its session. */
export function promptPart(delegationId: string, text: string) {
  return {type: 'text' as const, text, metadata: {[MARK]: delegationId}};
}

/**
 * The messages of a delegation's own turn: from its prompt to the next delegation's. Where the prompt is not
 * there, a new session is all its own, and in a continued one nothing is.
 */
export function turnOf(transcript: Transcript, {delegationId, isContinued}: Turn): Transcript {
  const start = transcript.findIndex((message) => delegationOf(message) === delegationId);
  if (start === -1) return isContinued ? [] : transcript;
  // After a compaction OpenCode may send the prompt once more.
  const next = transcript.findIndex(
    (message, n) => n > start && ![delegationId, undefined].includes(delegationOf(message)),
  );
  return transcript.slice(start, next === -1 ? undefined : next);
}

/** The delegation whose prompt it is. */
export function delegationOf({info, parts}: TranscriptMessage): string | undefined {
  if (info.role !== 'user') return undefined;
  for (const part of parts) {
    const mark = part.type === 'text' ? part.metadata?.[MARK] : undefined;
    if (typeof mark === 'string') return mark;
  }
  return undefined;
}
