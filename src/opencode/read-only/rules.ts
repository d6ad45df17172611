import type {PermissionRuleset} from '@opencode-ai/sdk/v2/client';

/** Tools that cannot change anything and whose reach the guard keeps to the directory. */
const READERS = ['read', 'grep', 'glob'] as const;
/** These leave the machine and change nothing on it: the agent keeps them as its configuration has them. */
const WEB = ['webfetch', 'websearch'] as const;
/** No name that a user gives can bring these back. */
const WRITERS = [
  'edit',
  'write',
  'bash',
  'task',
  'skill',
  'lsp',
  'question',
  'todowrite',
  'execute',
] as const;

export interface ReadOnlyOptions {
  /** The rules of the agent, as OpenCode has put them together. */
  readonly agent: PermissionRuleset;
  /** Names of MCP tools that are safe, which may have wildcards: `context7_*`. */
  readonly tools: readonly string[];
  /** The ids of all tools that OpenCode has registered, its own and the user's. */
  readonly registered: readonly string[];
}

/**
 * The rules of a read-only session. A session's rules are looked at last, and of all that fit the last one wins,
 * so nothing in the user's or the agent's configuration can widen them.
 */
export function readOnlyRules({agent, tools, registered}: ReadOnlyOptions): PermissionRuleset {
  return [
    rule('*', '*', 'deny'),
    ...READERS.map((name) => rule(name, '*', 'allow')),
    ...WEB.flatMap((name) =>
      agent.filter(({permission}) => fits(name, permission)).map((had) => ({...had, permission: name})),
    ),
    ...tools.map((name) => rule(name, '*', 'allow')),
    ...WRITERS.map((name) => rule(name, '*', 'deny')),
    rule('external_directory', '*', 'deny'),
    rule('read', '*.env', 'deny'),
    rule('read', '*.env.*', 'deny'),
    // The resources of MCP servers are read under this name, wherever they lie.
    rule('read', 'mcp:*', 'deny'),
    // At the end: a tool is only taken away where the last rule for its name denies everything.
    ...replaced(registered).map((name) => rule(name, '*', 'deny')),
  ];
}

/**
 * The tools of ours that are not OpenCode's: a tool of the user's stands in the place of one that has the same name,
 * and is registered beside it.
 */
function replaced(registered: readonly string[]): readonly string[] {
  return [...READERS, ...WEB].filter((name) => registered.filter((id) => id === name).length > 1);
}

function rule(permission: string, pattern: string, action: 'allow' | 'deny'): PermissionRuleset[number] {
  return {permission, pattern, action};
}

/** As OpenCode matches: `*` stands for anything, `?` for one character. */
function fits(name: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(name);
}
