import {isAbsolute} from 'node:path';

/** What OpenCode's configuration says of an MCP server, as far as it matters here. */
export interface LocalServerEntry {
  readonly type?: unknown;
  cwd?: unknown;
  enabled?: unknown;
}

export interface LocalServersOptions {
  /** Names of the MCP tools that a read-only session keeps, which may have wildcards. */
  readonly tools: readonly string[];
  /** A folder that brings nothing. */
  readonly neutral: string;
}

/**
 * OpenCode starts local MCP servers in the project, where `npx` and its like look for what they run: in its
 * `node_modules`, its `package.json`, its `.npmrc`. For what is read-only none is started but those whose tools it
 * keeps, and these not there.
 */
export function confineServers(
  servers: Readonly<Record<string, LocalServerEntry>>,
  {tools, neutral}: LocalServersOptions,
): void {
  for (const [name, entry] of Object.entries(servers)) {
    // What is not known to be far away is taken for something that is started.
    if (entry.type === 'remote') continue;
    if (!tools.some((tool) => mayBeOf(name, tool))) entry.enabled = false;
    const hasPlace = typeof entry.cwd === 'string' && isAbsolute(entry.cwd);
    if (!hasPlace) entry.cwd = neutral;
  }
}

/** True where a tool of the server may fit the name, which can have wildcards. OpenCode joins both by a `_`. */
function mayBeOf(server: string, tool: string): boolean {
  const prefix = `${server.replace(/[^\w-]/g, '_')}_`;
  const [literal = ''] = tool.split('*');
  return literal.startsWith(prefix) || (tool.includes('*') && prefix.startsWith(literal));
}
