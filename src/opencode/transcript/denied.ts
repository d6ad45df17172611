import type {ToolPart} from '@opencode-ai/sdk/v2/client';
import {shorten} from '../../base/errors.ts';
import {LEADS_OUT} from '../keeper/handed.ts';
import {READ_ONLY, WITHHELD} from '../read-only/marks.ts';
import {nameCall} from './progress.ts';
import {type Transcript, toolParts} from './transcript.ts';

/** How OpenCode's words begin where a rule forbids a call, and where rules have taken the tool away. */
const DENIALS = ['The user has specified a rule which prevents', 'Model tried to call unavailable tool'];

const SHOWN_CHARS = 200;

/**
 * The tool calls that a rule has stopped, in words a person can read. Nothing is asked and no event tells of
 * them: they stand in the transcript alone.
 */
export function deniedCalls(transcript: Transcript): readonly string[] {
  const denied = toolParts(transcript).flatMap((part) => {
    const left = withheldFrom(part);
    if (left.length > 0) return [shorten(`withheld from ${nameCall(part)}: ${left.join(', ')}`, SHOWN_CHARS)];
    return isDenied(part) ? [`denied: ${nameCall(part)}`] : [];
  });
  return [...new Set(denied)];
}

function isDenied({state}: ToolPart): boolean {
  if (state.status !== 'error') return false;
  const isRefused = [...DENIALS, `${READ_ONLY}: `].some((words) => state.error.startsWith(words));
  return isRefused || state.error.includes(` ${LEADS_OUT}`);
}

function withheldFrom({state}: ToolPart): readonly string[] {
  if (state.status !== 'completed') return [];
  const files: unknown = state.metadata[WITHHELD];
  return Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [];
}
