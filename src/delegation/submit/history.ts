import {abridged} from '../../base/abridged.ts';
import type {Delegation} from '../model/delegation.ts';

/** More of a long task or answer would leave no room for what is to be done now. */
const MAX_CHARS = 50_000;

/** A prompt for an agent that goes on elsewhere, and has none of the conversation: only the files are as they were left. */
export function withHistory({prompt, text}: Pick<Delegation, 'prompt' | 'text'>, next: string): string {
  const said = text.trim() === '' ? 'Nothing yet.' : abridged(text, MAX_CHARS);
  return `You go on with the work of another agent. You see none of its conversation, and the files are as it left them.

# What it was asked

${abridged(prompt, MAX_CHARS)}

# What it has answered

${said}

# What you are to do now

${next}`;
}
