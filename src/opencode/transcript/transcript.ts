import {isAbsolute, relative} from 'node:path';
import type {AssistantMessage, Message, Part, ToolPart} from '@opencode-ai/sdk/v2/client';
import {contains} from '../../base/contains.ts';
import type {Usage} from '../../delegation/model/delegation.ts';
import {wordsOf} from '../wire/answer.ts';
import {joinModel} from '../wire/model-name.ts';

/** A message as `GET /session/:id/message` lists it. */
export interface TranscriptMessage {
  readonly info: Message;
  readonly parts: readonly Part[];
}

export type Transcript = readonly TranscriptMessage[];

/** All that the agent has written so far, for a delegation that did not get to an answer. */
export function allText(transcript: Transcript): string {
  return transcript
    .filter(({info}) => info.role === 'assistant' && info.summary !== true)
    .map(textOf)
    .filter((text) => text.trim() !== '')
    .join('\n\n');
}

/** Sums what the provider counted over all steps. */
export function usageOf(transcript: Transcript): Usage {
  const sum = {input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0, cost: 0};
  for (const {info} of transcript) {
    if (info.role !== 'assistant') continue;
    sum.input += info.tokens.input;
    sum.output += info.tokens.output;
    sum.reasoning += info.tokens.reasoning;
    sum.cacheRead += info.tokens.cache.read;
    sum.cacheWrite += info.tokens.cache.write;
    sum.cost += info.cost;
  }
  return sum;
}

export function toolParts(transcript: Transcript): readonly ToolPart[] {
  return transcript.flatMap(({parts}) => parts.filter((part) => part.type === 'tool'));
}

/** The sessions that OpenCode's own task tool opened in this one. */
export function childSessions(transcript: Transcript): readonly string[] {
  return toolParts(transcript).flatMap(({tool, state}) => {
    if (tool !== 'task' || state.status === 'pending') return [];
    const id = state.metadata?.sessionId;
    return typeof id === 'string' ? [id] : [];
  });
}

/** The files that tools say they wrote, relative to the directory where they lie inside it. */
export function filesChanged(transcript: Transcript, directory: string): readonly string[] {
  const files = toolParts(transcript).flatMap(({tool, state}) => {
    if (state.status !== 'completed') return [];
    switch (tool) {
      case 'write':
      case 'edit':
      case 'multiedit':
        return typeof state.input.filePath === 'string' ? [state.input.filePath] : [];
      case 'patch':
      case 'apply_patch':
        return patchedFiles(state.metadata.files);
      default:
        return [];
    }
  });
  return [...new Set(files.map((file) => within(directory, file)))].sort();
}

/** The provider's message and HTTP status, with the model that it came from. */
export function errorOf(info: AssistantMessage): string {
  return `${joinModel(info)} failed: ${wordsOf(info.error)}`;
}

/** What the agent wrote in a message. */
export function textOf({parts}: TranscriptMessage): string {
  return parts
    .flatMap((part) => (part.type === 'text' && !part.synthetic && !part.ignored ? [part.text] : []))
    .join('\n\n');
}

function patchedFiles(files: unknown): readonly string[] {
  if (!Array.isArray(files)) return [];
  return files.flatMap((file: unknown) => {
    if (typeof file === 'string') return [file];
    if (typeof file !== 'object' || file === null) return [];
    for (const key of ['filePath', 'path', 'relativePath'] as const) {
      const path = (file as Partial<Record<typeof key, unknown>>)[key];
      if (typeof path === 'string') return [path];
    }
    return [];
  });
}

function within(directory: string, file: string): string {
  if (!isAbsolute(file)) return file;
  return contains(directory, file) ? relative(directory, file) : file;
}
