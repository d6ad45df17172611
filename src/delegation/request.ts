import {stat} from 'node:fs/promises';
import {isAbsolute} from 'node:path';
import {Refusal} from './errors.ts';

export const MAX_PROMPT_CHARS = 200_000;
export const MAX_TIMEOUT_MINUTES = 24 * 60;

const MINUTE_MS = 60_000;

/** Throws a {@link Refusal} unless the prompt says something and is not too long to be sent. */
export function checkPrompt(prompt: string): void {
  if (prompt.trim() === '') {
    throw new Refusal(
      `The prompt is empty. Say what the agent is to do, with all it needs to know, in 1 to ${count(MAX_PROMPT_CHARS)} characters.`,
    );
  }
  if (prompt.length > MAX_PROMPT_CHARS) {
    throw new Refusal(
      `The prompt has ${count(prompt.length)} characters; the limit is ${count(MAX_PROMPT_CHARS)}. Put long material into a file and name the file in the prompt.`,
    );
  }
}

/** Minutes to milliseconds. Throws a {@link Refusal} for what is not more than 0 and at most 24 hours. */
export function checkTimeout(minutes: number): number {
  if (!(minutes > 0 && minutes <= MAX_TIMEOUT_MINUTES)) {
    throw new Refusal(
      `A timeout of ${minutes} minutes cannot be: give timeout_minutes as more than 0 and at most ${count(MAX_TIMEOUT_MINUTES)} (24 hours).`,
    );
  }
  return Math.max(1, Math.round(minutes * MINUTE_MS));
}

/** Throws a {@link Refusal} unless the path is absolute and names a directory that exists. */
export async function checkDirectory(directory: string): Promise<void> {
  if (!isAbsolute(directory)) {
    throw new Refusal(
      `The directory "${directory}" is relative. Give an absolute path, or leave it out for the client's own directory.`,
    );
  }
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    const why = found.code === 'ENOENT' || found.code === 'ENOTDIR' ? 'does not exist' : found.message;
    throw new Refusal(`The directory "${directory}" cannot be used: it ${why}. Give one that exists.`);
  }
  if (!found.isDirectory()) {
    throw new Refusal(`"${directory}" is a file, not a directory. Give the directory that it lies in.`);
  }
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}
