/** What stands beside the guard in the configuration. */
export interface GuardOptions {
  /** Names of the MCP tools that a read-only session keeps, which may have wildcards. */
  readonly tools?: readonly string[];
}

/** In the metadata of a session, under `access`; and what begins the guard's words to the model. */
export const READ_ONLY = 'read-only';

/** A disabled agent, which OpenCode lists in a configuration and nowhere else. */
export const GUARD_MARK = 'opencode-delegate-guard';

/** The same, where nothing that a project configures is loaded. */
export const NO_PROJECT_MARK = 'opencode-delegate-no-project';

/** In the metadata of a search's result: the files that the guard has left out. */
export const WITHHELD = 'withheld';
