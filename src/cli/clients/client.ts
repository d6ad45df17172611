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
export type HookedEvent = 'session-start' | 'prompt' | 'stop' | 'pre-compact';

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
  readonly events: Readonly<Partial<Record<HookedEvent, string>>>;
  /** Claude Code and those who follow it group hooks, the others list them. */
  readonly isGrouped: boolean;
  /** Cursor alone has entries without a type. */
  readonly isTyped: boolean;
  /** After how long the client gives the hook up, in its own unit. */
  readonly timeout: number;
  /** What the file has to say at its top. */
  readonly top?: Readonly<Record<string, unknown>>;
}

/** Whose clients are meant: in which environment, and from which folder. */
export interface Looker {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** A file that a client may be configured in. */
export interface ClientFile {
  readonly path: string;
  /** False where a repository may have brought it, which then chooses what is started. */
  readonly isOwn: boolean;
}

/** How a client starts the servers of its configuration. */
export interface StartRules {
  /** The keys that lead to its servers by name; the closest list first. */
  readonly lists: readonly (readonly string[])[];
  /** Which variables it writes out in an entry: `${NAME}` and `{env:NAME}`, and `$NAME` as well. */
  readonly expands: 'none' | 'braces' | 'all';
  /** The names of the variables that it passes on. Absent: all. */
  readonly passes?: readonly string[];
  /** How long it waits for an answer where an entry does not say. */
  readonly waitMs: number;
}

/** A client, and where its files are in one environment. */
export interface KnownClient {
  readonly name: ClientName;
  readonly title: string;
  readonly looker: Looker;
  /** Where we are put, for each scope that it has: in one file, but for OpenCode, whose screen has one of its own. */
  readonly servers: Readonly<Partial<Record<Scope, readonly ServerPlace[]>>>;
  readonly hook: Readonly<Partial<Record<Scope, HookPlace>>>;
  /** All files in which it may already have us, for this directory. */
  readonly files: readonly ClientFile[];
  readonly starts: StartRules;
  /** What shows that it is installed: its folders, and its program on PATH. */
  readonly signs: {readonly folders: readonly string[]; readonly program: string};
  /** Its own command that adds us. */
  readonly add?: string;
  /** What its user has to do besides. */
  readonly note?: string;
}
