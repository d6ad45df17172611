import type {PluginConfiguration} from './hooks.ts';

/** OpenCode's own, for the resources of all MCP servers. The model has them as soon as one server has any. */
const TOOLS = ['list_mcp_resources', 'list_mcp_resource_templates', 'read_mcp_resource'];
const LEFT_OUT = Object.fromEntries(TOOLS.map((tool) => [tool, false]));

/**
 * True where OpenCode's tools for resources are there for our sake alone: no other MCP server may have any, and the
 * configuration does not speak of them.
 */
export function areForOurSake({mcp = {}, tools = {}}: PluginConfiguration, ours: readonly string[]): boolean {
  const others = Object.entries(mcp).filter(([name, entry]) => !ours.includes(name) && isOn(entry));
  return ours.length > 0 && others.length === 0 && !TOOLS.some((tool) => tool in tools);
}

/**
 * Leaves them out of what the model is offered with a message: a person attaches results as resources, and the model has
 * `delegation_read`. They would cost 1,400 characters of every request. No rule of permission could do it: OpenCode
 * takes them for `read`.
 */
export function leaveOut(message: unknown): void {
  if (typeof message !== 'object' || message === null) return;
  const given = 'tools' in message && typeof message.tools === 'object' ? message.tools : {};
  Object.assign(message, {tools: {...LEFT_OUT, ...given}});
}

function isOn(entry: unknown): boolean {
  return (entry as {enabled?: unknown} | null)?.enabled !== false;
}
