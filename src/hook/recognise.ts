import {claudeCode} from './clients/claude-code.ts';
import {codex} from './clients/codex.ts';
import {cursor} from './clients/cursor.ts';
import {gemini} from './clients/gemini.ts';
import {opencode} from './clients/opencode.ts';
import type {HookCall, HookClient, HookEvent, Input, Protocol} from './clients/protocol.ts';
import {vscode} from './clients/vscode.ts';

/** In the order in which they are asked: the marks of the first are the surest. */
export const PROTOCOLS: readonly Protocol[] = [cursor, gemini, vscode, codex, opencode, claudeCode];

export interface Recognised {
  readonly protocol: Protocol;
  readonly call: HookCall;
}

export interface Wanted {
  readonly client: HookClient | undefined;
  readonly event: HookEvent | undefined;
}

/**
 * Which client calls, and what for. The input is believed more than the command line, as VS Code and Cursor also run
 * hooks that were written down for Claude Code. `undefined` where there is nothing to do.
 */
export function recognise(input: Input, {client, event}: Wanted): Recognised | undefined {
  const protocol =
    PROTOCOLS.find((one) => one.isFrom(input)) ?? PROTOCOLS.find(({name}) => name === client) ?? claudeCode;
  const call = protocol.read(input, event);
  return call && {protocol, call};
}
