import {upwards} from '../../base/upwards.ts';
import type {ClientName, Looker, StartRules} from './client.ts';

/** How long a client waits for a server to start, where its entry does not say: Codex 10 s, OpenCode 5 s. */
const CODEX_WAIT_MS = 10_000;
const OPENCODE_WAIT_MS = 5_000;
const WAIT_MS = 30_000;
/** All that Codex passes on of its environment. */
const CODEX_PASSES = [
  ...['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', '__CF_USER_TEXT_ENCODING'],
  ...['LANG', 'LC_ALL', 'TERM', 'TMPDIR', 'TZ'],
];

/** How a client starts its servers, as far as we know it. */
export function rulesOf(name: ClientName, {env, cwd}: Looker): StartRules {
  switch (name) {
    case 'opencode':
      return {lists: [['mcp']], expands: 'braces', waitMs: OPENCODE_WAIT_MS};
    case 'claude-code':
      return {
        lists: [...upwards(cwd).map((folder) => ['projects', folder, 'mcpServers']), ['mcpServers']],
        expands: 'braces',
        waitMs: numberIn(env.MCP_TIMEOUT) ?? WAIT_MS,
      };
    case 'codex':
      return {lists: [['mcp_servers']], expands: 'none', passes: CODEX_PASSES, waitMs: CODEX_WAIT_MS};
    case 'gemini':
      return {lists: [['mcpServers']], expands: 'all', waitMs: WAIT_MS};
    case 'cursor':
      return {lists: [['mcpServers']], expands: 'braces', waitMs: WAIT_MS};
    case 'vscode':
      return {lists: [['servers']], expands: 'braces', waitMs: WAIT_MS};
    case 'zed':
      return {lists: [['context_servers']], expands: 'none', waitMs: WAIT_MS};
    case 'cline':
      return {lists: [['mcpServers']], expands: 'none', waitMs: WAIT_MS};
  }
}

function numberIn(text = ''): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}
