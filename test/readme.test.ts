import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {readConfig, VARIABLES} from '../src/config.ts';
import {MAX_TIMEOUT_MINUTES, OUTCOMES, STATUSES} from '../src/delegation/model/delegation.ts';
import {MAX_PROMPT_CHARS} from '../src/delegation/submit/input.ts';
import {ClientConnection} from '../src/mcp/connection/client-connection.ts';
import {instructionsFor} from '../src/mcp/instructions.ts';
import {URI_TEMPLATE} from '../src/mcp/resources/uri.ts';
import {TOOL_DEFINITIONS} from '../src/mcp/server.ts';
import {endedTask} from '../src/mcp/tasks/ended-task.ts';
import {TASKS_EXTENSION} from '../src/mcp/tasks/extension.ts';
import {pollIntervalMs} from '../src/mcp/tasks/task.ts';
import {CARRIED_CHARS} from '../src/report/answer.ts';
import {aDelegation, anEnd} from './support/fakes.ts';

/** Installed, and not by npx: see docs/security.md. */
const COMMAND = ['opencode-delegate'];
/** Every client carries these texts in each conversation. */
const MAX_DEFINITION_CHARS = 6_000;

const readme = read('README.md');

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

const inputSchema = z.object({
  properties: z.record(
    z.string(),
    z.object({default: z.unknown().optional(), maximum: z.number().optional()}),
  ),
  required: z.array(z.string()).default([]),
});

describe('the tools in the README', () => {
  const rows = tableIn('## Tools');

  it('are those that the server offers, in the same order', () => {
    expect(rows.map(([name = '']) => codes(name))).toEqual(TOOL_DEFINITIONS.map(({name}) => [name]));
  });

  it.each(TOOL_DEFINITIONS)('$name has exactly its parameters, with their defaults', (definition) => {
    const row = rows.find(([name]) => name === `\`${definition.name}\``);
    expect(codes(row?.[1] ?? '')).toEqual(parametersOf(definition.inputSchema));
  });

  it('cost a model less than 6,000 characters, with the instructions', () => {
    expect(JSON.stringify(TOOL_DEFINITIONS).length + instructionsFor('wait').length).toBeLessThan(
      MAX_DEFINITION_CHARS,
    );
  });
});

describe('the README', () => {
  it('lists every environment variable with the text that the code has for it', () => {
    const rows = tableIn('## Environment variables').map(([name = '', meaning]) => [codes(name)[0], meaning]);
    expect(Object.fromEntries(rows)).toEqual(VARIABLES);
    expect(rows).toHaveLength(Object.keys(VARIABLES).length);
  });

  it('explains every status', () => {
    const rows = tableIn('## How it behaves');
    expect(rows.map(([status = '']) => codes(status)[0])).toEqual([...STATUSES]);
  });

  it('states the numbers that the code has', () => {
    const readTool = 'src/mcp/tools/delegation-read.ts';
    const {host, delegation} = readConfig({OPENCODE_DELEGATE_ON_ASK: 'wait'});
    const {concurrency, hostIdleMs} = host;
    const {asking} = delegation;
    for (const statement of [
      `${defaultOf('delegate', 'timeout_minutes')} minutes unless the call says otherwise`,
      `${concurrency} run at once`,
      `not answered in ${asking.on === 'wait' && asking.ms / 1_000} seconds`,
      `its own limit of ${concurrency} at once`,
      `A page has ${defaultOf('delegation_read', 'max_chars').toLocaleString('en-US')} characters`,
      `(${maximumOf('delegation_read', 'max_chars').toLocaleString('en-US')} at most)`,
      `up to ${MAX_PROMPT_CHARS.toLocaleString('en-US')} characters`,
      `up to ${MAX_TIMEOUT_MINUTES} (24 hours)`,
      `up to ${constantIn(readTool, 'SHORT_WAIT_SECONDS')} s for all other clients`,
      `up to ${maximumOf('delegation_read', 'wait_seconds') / 3_600} hours for OpenCode and Claude Code`,
      `waited for up to ${constantIn('src/mcp/connection/client-connection.ts', 'ROOTS_MS') / 1_000} seconds`,
      `may take up to ${constantIn('src/bridge/bridge.ts', 'LAST_ANSWERS_MS') / 1_000} seconds`,
      `every ${constantIn('src/mcp/calls/progress-ticker.ts', 'TICK_MS') / 1_000} s when nothing changes`,
      `${hostIdleMs / 1_000} seconds after the last client has gone`,
      `OpenCode is older than ${oldestVersion()}`,
      `Node ${packageJson().engines.node.replace('>=', '')} or later`,
    ]) {
      expect(readme).toContain(statement);
    }
  });

  it.each(['npm install && npm run demo', 'npm install && npm test'])(
    'gives the command `%s` on a line of its own, and package.json has the script',
    (command) => {
      expect(readme).toContain(`\`\`\`sh\n${command}\n\`\`\``);
      expect(packageJson().scripts).toHaveProperty([command.split(' ').at(-1) ?? '']);
    },
  );

  it('names only scripts that package.json has', () => {
    const named = [...readme.matchAll(/npm run ([\w-]+)/g)].map(([, script]) => script);
    expect(Object.keys(packageJson().scripts)).toEqual(expect.arrayContaining(named));
  });

  it('gives the very test command that the gate runs', () => {
    expect(read('.ci/run').trimEnd().split('\n').at(-1)).toBe('npm install && npm test');
  });
});

describe('the clients in the README', () => {
  const rows = tableIn('## Clients');

  it('are those that people use', () => {
    expect(rows.map(([client]) => client)).toEqual([
      ...['OpenCode', 'Claude Code', 'Codex', 'Gemini CLI', 'VS Code', 'Cursor', 'Zed', 'Cline'],
    ]);
  });

  it.each(rows)('%s waits as long as the code lets it', (client = '', sees = '') => {
    const name = client.toLowerCase().replace(' ', '-');
    const {extendsOnProgress} = new ClientConnection({
      cwd: '/',
      projectOf: async () => '',
      identity: () => ({name, version: '1'}),
      roots: async () => [],
      knows: async () => false,
    });
    expect(sees).toContain(extendsOnProgress ? 'up to 24 hours later' : 'if it ends within 45 s');
  });

  it.each(rows)('%s is installed with the published command', (client = '', _sees = '', how = '') => {
    // Either there is one command for it, or its section has a snippet, which is checked below.
    const heading = `### ${client}`;
    const [command] = codes(how);
    if (!how.startsWith('[')) {
      expect(command).toContain(COMMAND.join(' '));
      expect(fenceUnder(heading, 'sh')).toBe(command);
    } else {
      expect(how).toContain(`](#${client.toLowerCase().replace(' ', '-')})`);
      expect(sectionOf(heading)).toContain(`\`${command}\``);
      expect(jsonUnder(heading)).toBeDefined();
    }
  });
});

describe('the tasks in the README', () => {
  it('say for every end what the task is', () => {
    const ends = tableIn('## Tasks').flatMap(([ends = '', task = '']) =>
      codes(ends).map((end) => [end, codes(task)[0]]),
    );
    expect(ends.map(([end]) => end).sort()).toEqual([...OUTCOMES].sort());
    for (const [end, status] of ends) {
      const state = anEnd({status: OUTCOMES.find((outcome) => outcome === end) ?? 'completed'});
      expect(endedTask({...aDelegation(), state}, '/').status, end).toBe(status);
    }
  });

  it('have the numbers of the code', () => {
    expect(readme).toContain(
      `${pollIntervalMs(0) / 1_000} s at first, in ${pollIntervalMs(120_000) / 1_000} s after`,
    );
    expect(readme).toContain(`up to ${CARRIED_CHARS.toLocaleString('en-US')} characters of the answer`);
    expect(readme).toContain(
      `newest first, ${constantIn('src/mcp/resources/resources.ts', 'PAGE_ENTRIES')} a page`,
    );
    expect(readme).toContain(`\`${URI_TEMPLATE}\``);
    expect(readme).toContain(`\`${TASKS_EXTENSION}\``);
  });
});

describe('the configuration in the README starts the published command', () => {
  it('and never npx, nor does anything else that is to be copied', () => {
    for (const text of [readme, read('docs/security.md')]) {
      const fences = [...text.matchAll(/^```[a-z]+\n(.*?)^```$/gms)].map(([, content]) => content);
      expect(fences.length).toBeGreaterThan(0);
      expect(fences.join('')).not.toMatch(/\bnpx\b/);
    }
    expect(read('mcp.json.example')).not.toMatch(/\bnpx\b/);
  });

  it('for OpenCode', () => {
    const {mcp} = schemas.opencode.parse(jsonUnder('### OpenCode'));
    expect(mcp['opencode-delegate'].command).toEqual(COMMAND);
  });

  it('for Cursor', () => {
    const {mcpServers} = schemas.mcpServers.parse(jsonUnder('### Cursor'));
    expect(commandOf(mcpServers['opencode-delegate'])).toEqual(COMMAND);
  });

  it('for VS Code', () => {
    const {servers} = schemas.servers.parse(jsonUnder('### VS Code'));
    expect(commandOf(servers['opencode-delegate'])).toEqual(COMMAND);
  });

  it('for Zed', () => {
    const {context_servers} = schemas.zed.parse(jsonUnder('### Zed'));
    expect(commandOf(context_servers['opencode-delegate'])).toEqual(COMMAND);
  });

  it('for Cline', () => {
    const {mcpServers} = schemas.mcpServers.parse(jsonUnder('### Cline'));
    expect(commandOf(mcpServers['opencode-delegate'])).toEqual(COMMAND);
  });

  it('for every client that takes mcp.json.example', () => {
    const {mcpServers} = schemas.mcpServers.parse(JSON.parse(read('mcp.json.example')));
    expect(commandOf(mcpServers['opencode-delegate'])).toEqual(COMMAND);
  });

  it.each([
    ['### Claude Code', 'claude mcp add -s user opencode-delegate --'],
    ['### Codex', 'codex mcp add opencode-delegate --'],
    ['### Gemini CLI', 'gemini mcp add -s user opencode-delegate'],
  ])('under %s', (heading, adds) => {
    expect(fenceUnder(heading, 'sh')).toBe(`${adds} ${COMMAND.join(' ')}`);
  });

  // Tried with Claude Code 2.1.332, Codex 0.171 and Gemini CLI 0.61.
  it.each([
    ['### Claude Code', ['`-s user`', 'The delegation does not', 'delegation_cancel']],
    ['### Codex', ['`codex exec`', 'default_tools_approval_mode = "approve"']],
    ['### Gemini CLI', ['`-s user`', '`--trust`', "`-e 'OPENAI_API_KEY=$OPENAI_API_KEY'`"]],
    ['### OpenCode', ['after a minute']],
  ])('and under %s stands what people stumble over there', (heading, words) => {
    for (const word of words) expect(sectionOf(heading)).toContain(word);
  });

  it('for Codex in TOML', () => {
    const [command, ...args] = COMMAND;
    const lines = fenceUnder('### Codex', 'toml').split('\n');
    expect(lines).toContain('[mcp_servers.opencode-delegate]');
    expect(lines).toContain(`command = "${command}"`);
    expect(lines).toContain(`args = [${args.map((arg) => JSON.stringify(arg)).join(', ')}]`);
  });
});

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

function packageJson() {
  const shape = z.object({scripts: z.record(z.string(), z.string()), engines: z.object({node: z.string()})});
  return shape.parse(JSON.parse(read('package.json')));
}

/** From a heading to the next one of the same or a higher level. */
function sectionOf(heading: string): string {
  const level = heading.indexOf(' ');
  const start = readme.indexOf(`\n${heading}\n`);
  expect(start, `the README has the heading "${heading}"`).toBeGreaterThan(-1);
  const rest = readme.slice(start + heading.length + 2);
  return rest.split(new RegExp(`^#{2,${level}} `, 'm'))[0] ?? '';
}

/** The rows of the first table under a heading, without its head. */
function tableIn(heading: string): readonly (readonly string[])[] {
  const lines = sectionOf(heading)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

function fenceUnder(heading: string, language: string): string {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\`$`, 'ms').exec(sectionOf(heading))?.[1];
  if (fence === undefined) throw new Error(`no ${language} under ${heading}`);
  return fence;
}

function jsonUnder(heading: string): unknown {
  return JSON.parse(fenceUnder(heading, 'json'));
}

function commandOf({command, args}: z.output<typeof launch>): readonly string[] {
  return [command, ...args];
}

/** What stands between back-ticks. */
function codes(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** As the README writes them: `required`, `optional?`, `defaulted = 1`. */
function parametersOf(schema: unknown): readonly string[] {
  const {properties, required} = inputSchema.parse(schema);
  return Object.entries(properties).map(([name, property]) => {
    if (property.default !== undefined) return `${name} = ${property.default}`;
    return required.includes(name) ? name : `${name}?`;
  });
}

function propertyOf(tool: string, name: string) {
  const definition = TOOL_DEFINITIONS.find((candidate) => candidate.name === tool);
  return inputSchema.parse(definition?.inputSchema).properties[name];
}

function defaultOf(tool: string, name: string): number {
  return z.number().parse(propertyOf(tool, name)?.default);
}

function maximumOf(tool: string, name: string): number {
  return z.number().parse(propertyOf(tool, name)?.maximum);
}

/** A number that the code keeps to itself. */
function constantIn(path: string, name: string): number {
  const value = new RegExp(`const ${name} = ([\\d_]+);`).exec(read(path))?.[1];
  if (value === undefined) throw new Error(`${path} has no ${name}`);
  return Number(value.replaceAll('_', ''));
}

function oldestVersion(): string {
  const version = /const OLDEST_VERSION = \[(\d+), (\d+)\]/.exec(read('src/opencode/server/server.ts'));
  return `${version?.[1]}.${version?.[2]}`;
}
