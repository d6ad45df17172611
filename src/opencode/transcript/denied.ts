import type {ToolPart} from '@opencode-ai/sdk/v2/client';
import {shorten} from '../../base/errors.ts';
import {LEADS_OUT} from '../keeper/handed.ts';
import {READ_ONLY, WITHHELD} from '../read-only/marks.ts';
import {nameCall} from './progress.ts';
import {type Transcript, toolParts} from './transcript.ts';

/** How OpenCode's words begin where a tool is called that the agent does not have, as rules take tools away. */
const UNAVAILABLE = 'Model tried to call unavailable tool';
/** How they begin where a rule forbids a call, and where the tool is not there. */
const DENIALS = ['The user has specified a rule which prevents', UNAVAILABLE];
/** The tool that OpenCode runs in place of one that is not there, and whose output says so. */
const STAND_IN = 'invalid';

const SHOWN_CHARS = 200;

/**
 * The tool calls that a rule has stopped, in words a person can read. Nothing is asked and no event tells of
 * them: they stand in the transcript alone.
 */
export function deniedCalls(transcript: Transcript): readonly string[] {
  const denied = toolParts(transcript).flatMap((part) => {
    const left = withheldFrom(part);
    if (left.length > 0) return [shorten(`withheld from ${nameCall(part)}: ${left.join(', ')}`, SHOWN_CHARS)];
    const missing = missingTool(part);
    if (missing !== undefined) return [`not available to this agent: ${shorten(missing, SHOWN_CHARS)}`];
    return isDenied(part) ? [`denied: ${nameCall(part)}`] : [];
  });
  return [...new Set(denied)];
}

function isDenied({state}: ToolPart): boolean {
  if (state.status !== 'error') return false;
  const isRefused = [...DENIALS, `${READ_ONLY}: `].some((words) => state.error.startsWith(words));
  return isRefused || state.error.includes(` ${LEADS_OUT}`);
}

/** The name of a tool that the agent called and does not have, where the call is stored as one of the stand-in. */
function missingTool({tool, state}: ToolPart): string | undefined {
  if (tool !== STAND_IN || state.status !== 'completed') return undefined;
  const {tool: called, error} = state.input;
  const isMissing = typeof error === 'string' && error.startsWith(UNAVAILABLE);
  return isMissing && typeof called === 'string' ? called : undefined;
}

function withheldFrom({state}: ToolPart): readonly string[] {
  if (state.status !== 'completed') return [];
  const files: unknown = state.metadata[WITHHELD];
  return Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [];
}
