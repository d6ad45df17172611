/** The clients whose hooks are known. */
export const HOOK_CLIENTS = ['claude-code', 'codex', 'gemini', 'cursor', 'vscode', 'opencode'] as const;
export type HookClient = (typeof HOOK_CLIENTS)[number];

/** What a hook is called for, under one name for all clients. */
export const EVENTS = ['session-start', 'prompt', 'stop', 'pre-compact'] as const;
export type HookEvent = (typeof EVENTS)[number];

/** The JSON that a client gives to its hook, not looked into yet. */
export type Input = Readonly<Record<string, unknown>>;

/** Who gets what a hook says: the model, only the person at the screen, or nobody. */
export type Reach = 'model' | 'person' | 'nobody';

/** What a client's hook was called for. */
export interface HookCall {
  readonly event: HookEvent;
  /** The client's own name for its session. */
  readonly session: string | undefined;
  /** Where the session works; absent where the client does not say. */
  readonly directory: string | undefined;
  /** What the model is about to get; absent where the event has none, or the client does not say. */
  readonly prompt?: string | undefined;
  readonly reach: Reach;
  /** True at the beginning of a session whose model has just lost the conversation to a summary. */
  readonly isCompacted: boolean;
  /** False where the model must be left to stop: a hook has made it go on already, or the person has stopped it. */
  readonly mayGoOn: boolean;
}

/** What one client sends to its hooks, and what it does with their output. Pure: docs/hooks.md has the sources. */
export interface Protocol {
  readonly name: HookClient;
  /** What the client calls itself as an MCP client, as records have it. */
  readonly delegatesAs: RegExp;
  /** True for what no other client sends. */
  isFrom(input: Input): boolean;
  /** @param wanted what the command line says it is, for input that does not. `undefined` for other events. */
  read(input: Input, wanted: HookEvent | undefined): HookCall | undefined;
  /** What the hook prints to say this. */
  render(call: HookCall, text: string): string;
}

/** The text of a field; `undefined` where there is none. */
export function fieldOf(input: Input, ...fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const value = input[field];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** Which event it is: as the input names it, else as the command line does. */
export function eventOf(
  input: Input,
  names: Readonly<Record<string, HookEvent>>,
  wanted: HookEvent | undefined,
): HookEvent | undefined {
  const name = fieldOf(input, 'hook_event_name', 'hookEventName');
  return name === undefined ? wanted : names[name];
}
