import type {Part, ToolPart} from '@opencode-ai/sdk/v2/client';
import type {ConversationEntry, Said} from '../../delegation/model/conversation.ts';
import {aboutOf} from './progress.ts';
import {errorOf, type Transcript, type TranscriptMessage} from './transcript.ts';

/** A transcript as a person reads it: what was said and done, without OpenCode's own bookkeeping. */
export function conversationOf(
  transcript: Transcript,
  {isBelow}: {isBelow: boolean},
): readonly ConversationEntry[] {
  return transcript.flatMap((message) => {
    const at = message.info.time.created;
    const entries = message.parts.flatMap((part) => {
      const said = saidIn(part, message);
      return said === undefined ? [] : [{key: part.id, at: beganAt(part) ?? at, isBelow, said}];
    });
    const error = failureOf(message);
    return error === undefined ? entries : [...entries, {key: message.info.id, at, isBelow, said: error}];
  });
}

function saidIn(part: Part, {info}: TranscriptMessage): Said | undefined {
  switch (part.type) {
    case 'text':
      if (part.synthetic || part.ignored || part.text === '') return undefined;
      return {kind: info.role === 'user' ? 'prompt' : 'text', text: part.text};
    case 'reasoning':
      return part.text.trim() === '' ? undefined : {kind: 'thinking', text: part.text};
    case 'tool':
      return callOf(part);
    case 'compaction':
      return {kind: 'compaction'};
    default:
      return undefined;
  }
}

function callOf({tool, state}: ToolPart): Said {
  const output = state.status === 'completed' ? state.output : state.status === 'error' ? state.error : '';
  return {kind: 'tool', tool, about: aboutOf(state.input), status: state.status, output};
}

function failureOf({info}: TranscriptMessage): Said | undefined {
  if (info.role !== 'assistant' || info.error === undefined) return undefined;
  return {kind: 'error', text: errorOf(info)};
}

function beganAt(part: Part): number | undefined {
  if (part.type === 'text' || part.type === 'reasoning') return part.time?.start;
  return part.type === 'tool' && 'time' in part.state ? part.state.time.start : undefined;
}
