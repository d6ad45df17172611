/** The clients that we can be installed in, by the names that the commands and the hook take. */
export const CLIENTS = [
  'claude-code',
  'codex',
  'gemini',
  'cursor',
  'vscode',
  'opencode',
  'zed',
  'cline',
] as const;
export type ClientName = (typeof CLIENTS)[number];

/** For whom something is installed: for the person everywhere, or for all who work in a project. */
export type Scope = 'global' | 'project';

/** What the hook is started for: `opencode-delegate hook <event>`. */
export type HookEvent = 'session-start' | 'prompt' | 'stop' | 'pre-compact';

/** Where a client keeps what we add. */
export interface ServerPlace {
  readonly file: string;
  /** TOML is that of Codex; lists of plugins are those of OpenCode. */
  readonly kind: 'servers' | 'toml' | 'plugins' | 'screen-plugins';
  /** Under which key it lists its servers, or its plugins. */
  readonly key: string;
  /** What its entries say besides command and arguments. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Where a client keeps its hooks, and how it calls the events. */
export interface HookPlace {
  readonly file: string;
  readonly events: Readonly<Partial<Record<HookEvent, string>>>;
  /** Claude Code and those who follow it group hooks, the others list them. */
  readonly isGrouped: boolean;
  /** Cursor alone has entries without a type. */
  readonly isTyped: boolean;
  /** After how long the client gives the hook up, in its own unit. */
  readonly timeout: number;
  /** What the file has to say at its top. */
  readonly top?: Readonly<Record<string, unknown>>;
}

/** A client, and where its files are in one environment. */
export interface KnownClient {
  readonly name: ClientName;
  readonly title: string;
  /** Where we are put, for each scope that it has: in one file, but for OpenCode, whose screen has one of its own. */
  readonly servers: Readonly<Partial<Record<Scope, readonly ServerPlace[]>>>;
  readonly hook: Readonly<Partial<Record<Scope, HookPlace>>>;
  /** All files in which it may already have us, for this directory. */
  readonly files: readonly string[];
  /** What shows that it is installed: its folders, and its program on PATH. */
  readonly signs: {readonly folders: readonly string[]; readonly program: string};
  /** How its own command adds us, or where that is written down. */
  readonly add: string;
  /** What its user has to do besides. */
  readonly note?: string;
}
