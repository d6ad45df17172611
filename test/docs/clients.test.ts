import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {ClientConnection} from '../../src/mcp/connection/client-connection.ts';
import {CARRIED_CHARS} from '../../src/report/answer.ts';
import {CLIENT_RUNS, HEARS, TOLD} from '../support/client-runs.ts';
import {constant, maximumOf} from '../support/code-facts.ts';
import {codes, Page, readText} from '../support/markdown.ts';

/** Installed, and not by npx: see docs/security.md. */
const COMMAND = ['opencode-delegate'];

const page = new Page('docs/clients.md');
const rows = page.table('# Clients');

const launch = z.object({command: z.string(), args: z.array(z.string())});
const schemas = {
  mcpServers: z.object({mcpServers: z.object({'opencode-delegate': launch})}),
  zed: z.object({context_servers: z.object({'opencode-delegate': launch})}),
  servers: z.object({servers: z.object({'opencode-delegate': launch.extend({type: z.literal('stdio')})})}),
  opencode: z.object({
    mcp: z.object({
      'opencode-delegate': z.object({
        type: z.literal('local'),
        command: z.array(z.string()),
        timeout: z.int().min(30_000),
      }),
    }),
  }),
};

function commandOf({command, args}: z.output<typeof launch>): readonly string[] {
  return [command, ...args];
}

describe('the clients', () => {
  it('are those that people use', () => {
    expect(rows.map(([client]) => client)).toEqual([
      ...['OpenCode', 'Claude Code', 'Codex', 'Gemini CLI', 'VS Code', 'Cursor', 'Zed', 'Cline'],
    ]);
  });

  it.each(rows)('%s waits as long as the code lets it', (client = '', _sees = '', waits = '') => {
    const name = client.toLowerCase().replace(' ', '-');
    const {extendsOnProgress} = new ClientConnection({
      cwd: '/',
      projectOf: async () => '',
      identity: () => ({name, version: '1'}),
      roots: async () => [],
      knows: async () => false,
    });
    const long = `up to ${maximumOf('delegation_read', 'wait_seconds') / 3_600} hours`;
    const short = `up to ${constant('SHORT_WAIT_SECONDS')} s`;
    expect(waits).toBe(extendsOnProgress ? long : short);
  });

  it.each(rows)('%s is installed with the published command', (client = '', _sees, _waits, how = '') => {
    // Either there is one command for it, or its section has a snippet, which is checked below.
    const heading = `## ${client}`;
    const [command] = codes(how);
    if (!how.startsWith('[')) {
      expect(command).toContain(COMMAND.join(' '));
      expect(page.fence(heading, 'sh')).toBe(command);
    } else {
      expect(how).toContain(`](#${client.toLowerCase().replace(' ', '-')})`);
      expect(page.section(heading)).toContain(command);
      expect(page.json(heading)).toBeDefined();
    }
  });

  it('have as much of an answer as the code carries', () => {
    const chars = `up to ${CARRIED_CHARS.toLocaleString('en-US')} characters`;
    for (const [client, sees] of rows.slice(0, 2)) expect(sees, client).toContain(chars);
    expect(readText('docs/plugin.md')).toContain(`An answer of ${chars}`);
  });
});

describe('the configuration starts the installed command', () => {
  it('for OpenCode', () => {
    const {mcp} = schemas.opencode.parse(page.json('## OpenCode'));
    expect(mcp['opencode-delegate'].command).toEqual(COMMAND);
  });

  it.each(['Cursor', 'Cline'])('for %s', (client) => {
    const {mcpServers} = schemas.mcpServers.parse(page.json(`## ${client}`));
    expect(commandOf(mcpServers['opencode-delegate'])).toEqual(COMMAND);
  });

  it('for VS Code', () => {
    const {servers} = schemas.servers.parse(page.json('## VS Code'));
    expect(commandOf(servers['opencode-delegate'])).toEqual(COMMAND);
  });

  it('for Zed', () => {
    const {context_servers} = schemas.zed.parse(page.json('## Zed'));
    expect(commandOf(context_servers['opencode-delegate'])).toEqual(COMMAND);
  });

  it('for every client that takes mcp.json.example', () => {
    const {mcpServers} = schemas.mcpServers.parse(JSON.parse(readText('mcp.json.example')));
    expect(commandOf(mcpServers['opencode-delegate'])).toEqual(COMMAND);
  });

  it.each([
    ['Claude Code', 'claude mcp add -s user opencode-delegate --'],
    ['Codex', 'codex mcp add opencode-delegate --'],
    ['Gemini CLI', 'gemini mcp add -s user opencode-delegate'],
  ])('by the command of %s', (client, adds) => {
    expect(page.fence(`## ${client}`, 'sh')).toBe(`${adds} ${COMMAND.join(' ')}`);
  });

  it('for Codex in TOML', () => {
    const [command, ...args] = COMMAND;
    const lines = page.fence('## Codex', 'toml').split('\n');
    expect(lines).toContain('[mcp_servers.opencode-delegate]');
    expect(lines).toContain(`command = "${command}"`);
    expect(lines).toContain(`args = [${args.map((arg) => JSON.stringify(arg)).join(', ')}]`);
  });
});

it('what was tried is what the chain of test/long asserts', () => {
  const expected = CLIENT_RUNS.map(({started, needs, told, hears}) => [
    ...[started, needs, TOLD[told], HEARS[hears]],
  ]);
  expect(page.table('## What was tried')).toEqual(expected);
});

// Tried with Claude Code 2.1.332, Codex 0.171 and Gemini CLI 0.61.
it.each([
  ['Claude Code', ['`-s user`', 'The delegation does not', 'delegation_cancel']],
  ['Codex', ['`codex exec`', 'default_tools_approval_mode = "approve"']],
  ['Gemini CLI', ['`-s user`', '`--trust`', "`-e 'OPENAI_API_KEY=$OPENAI_API_KEY'`"]],
  ['OpenCode', ['up to a minute']],
])('the section about %s says where people stumble', (client, words) => {
  for (const word of words) expect(page.section(`## ${client}`)).toContain(word);
});
