import {type Stats, statSync} from 'node:fs';
import {isAbsolute} from 'node:path';
import {Refusal} from '../../base/errors.ts';
import type {Access} from '../model/access.ts';
import {type Client, type Continues, MAX_TIMEOUT_MINUTES, type Parent} from '../model/delegation.ts';
import type {Whereabouts} from '../model/elsewhere.ts';
import type {Environment} from '../model/ports.ts';
import type {LoadedCode, TrustQuestion} from '../model/trust.ts';
import type {Worktree} from '../model/worktree.ts';
import type {Asking} from './pending-calls.ts';

export const MAX_PROMPT_CHARS = 200_000;

const MINUTE_MS = 60_000;

export interface DelegateInput {
  /** The id that it has elsewhere already. Where that is used here, it gets another one. Default: a new id. */
  readonly knownAs?: string;
  /** The project of the client, under which the record is kept. */
  readonly project: string;
  /** The client's, in which it runs. */
  readonly environment: Environment;
  readonly directory: string;
  /** Default: what the environment says. */
  readonly where?: Whereabouts;
  readonly prompt: string;
  readonly agent?: string;
  /** As `provider/model`, or a name. */
  readonly model?: string;
  /** Of the models that a name stands for, the one to be taken first. */
  readonly preferredModel?: string;
  /** Default: `agent`. */
  readonly access?: Access;
  readonly timeoutMinutes: number;
  /** At most what the environment sets. */
  readonly maxCostUsd?: number;
  readonly maxTokens?: number;
  readonly client: Client;
  /** Whether the client will hold it as a task of MCP. Default: it will not. */
  readonly isTask?: boolean;
  /** The call that asks. */
  readonly asking?: Asking;
  /** The OpenCode session that asks, where it is known. */
  readonly parent?: Parent;
  /** What the OpenCode that asks has loaded, where it is known and brings anything. */
  readonly loaded?: LoadedCode;
  /** Asks the one who calls whether what a repository brings may run; absent where nobody can be asked. */
  readonly askTrust?: (question: TrustQuestion) => boolean;
  /** The ended delegation whose session it goes on in. */
  readonly continues?: Continues;
  /** The worktree that it goes on in, with the session; it is ready for that. */
  readonly worktree?: Worktree;
  /** That what is not committed goes with it, where it runs elsewhere. */
  readonly includeChanges?: boolean;
  /** The JSON Schema that the answer has to fit. */
  readonly expect?: unknown;
  /** Default: from the prompt. */
  readonly title?: string;
}

/** What is left out is taken over from the delegation that is continued. */
export interface ContinueInput
  extends Omit<DelegateInput, 'prompt' | 'directory' | 'continues' | 'worktree' | 'title'> {
  /** The delegation to continue. */
  readonly id: string;
  /** Can be left out only where that one was interrupted. */
  readonly prompt?: string;
  readonly directory?: string;
}

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
export function checkDirectory(directory: string): void {
  if (!isAbsolute(directory)) {
    throw new Refusal(
      `The directory "${directory}" is relative. Give an absolute path, or leave it out for the client's own directory.`,
    );
  }
  const found = statOf(directory);
  if (found instanceof Error) {
    const why = found.code === 'ENOENT' || found.code === 'ENOTDIR' ? 'does not exist' : found.message;
    throw new Refusal(`The directory "${directory}" cannot be used: it ${why}. Give one that exists.`);
  }
  if (!found.isDirectory()) {
    throw new Refusal(`"${directory}" is a file, not a directory. Give the directory that it lies in.`);
  }
}

/** In this thread: to hand it to another one and hear back takes a busy process many times as long. */
function statOf(path: string): Stats | NodeJS.ErrnoException {
  try {
    return statSync(path);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}
