import type {Delivery} from '../../delegation/model/message.ts';
import {isCompaction} from '../transcript/answer-text.ts';
import {type Transcript, toolParts} from '../transcript/transcript.ts';

/**
 * When the agent at work gets what its session is sent now. OpenCode takes up a prompt between two steps: after the
 * answer that the model is at, after the tools that it uses, after a compaction.
 *
 * @param turn The agent's own turn by now.
 * @param isRefused True while its provider refuses, and OpenCode waits to ask again.
 */
export function momentOf(turn: Transcript, isRefused: boolean): Delivery {
  if (isRefused) return 'provider';
  const last = turn.at(-1);
  if (last !== undefined && (isCompaction(last) || isBeingSummed(last))) return 'compaction';
  return toolParts(turn).some(({state}) => state.status === 'running') ? 'tool' : 'step';
}

function isBeingSummed({info}: Transcript[number]): boolean {
  return info.role === 'assistant' && info.summary === true && info.time.completed === undefined;
}
