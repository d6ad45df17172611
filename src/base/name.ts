/**
 * The one name: of the package, of its command, of the MCP server, of the plugin, and of our folders. What other programs
 * have stored, or speak to us with, is under it.
 */
export const NAME = 'opencode-delegate';

/** What our environment variables begin with. */
export const VARIABLE_PREFIX = 'OPENCODE_DELEGATE_';
