import {type Transcript, type TranscriptMessage, textOf} from './transcript.ts';
import {delegationOf} from './turn.ts';

/**
 * The messages of a turn that somebody has written to the agent while it worked: a person who opened its session in
 * OpenCode, say. What OpenCode itself writes there is synthetic, and it may send the prompt once more.
 *
 * @param transcript A turn, which begins with its prompt.
 */
export function othersWordsIn(transcript: Transcript): readonly TranscriptMessage[] {
  const [prompt, ...rest] = transcript;
  if (prompt?.info.role !== 'user') return [];
  const asked = textOf(prompt);
  return rest.filter((message) => isWords(message) && textOf(message) !== asked);
}

function isWords(message: TranscriptMessage): boolean {
  if (message.info.role !== 'user' || delegationOf(message) !== undefined) return false;
  return message.parts.some(({type}) => type !== 'compaction') && textOf(message).trim() !== '';
}
