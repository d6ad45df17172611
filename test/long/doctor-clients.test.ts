import {chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type CommandResult, runCommand} from '../support/command.ts';
import {allGone, processesIn} from '../support/processes.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {PLUGIN} from '../support/user-opencode.ts';

const NAME = 'opencode-delegate';
/** Ends at once, as a program whose package is gone. */
const DIES = 'console.error("Error: Cannot find module token=sk-very-secret-0123456789"); process.exit(3)';
/** Reads on for ever, ignores signals, and has a child that does as well. */
const SILENT =
  'process.on("SIGTERM", () => {}); require("child_process").spawn("sleep", ["600"]); process.stdin.resume(); setInterval(() => {}, 1e6); console.error("still loading");';
/** Another server, which somebody has given our name. */
const FOREIGN = `require("readline").createInterface({input: process.stdin}).on("line", (line) => {
  const {id} = JSON.parse(line);
  console.log("not a message");
  console.log(JSON.stringify({jsonrpc: "2.0", id, result: {protocolVersion: "2025-06-18", capabilities: {}, serverInfo: {name: "weather", version: "1"}}}));
});`;
/** Ours, of a version that had only one tool. */
const POOR = FOREIGN.replace('"weather"', `"${NAME}"`).replace(
  'serverInfo',
  'tools: [{name: "delegate"}], serverInfo',
);

let model: ScriptedModel;
let sandbox: Sandbox;
let result: CommandResult;

const home = (...path: readonly string[]) => join(sandbox.env.HOME ?? '', ...path);

function write(path: string, content: unknown): void {
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

/** A script under a name of its own, as what is given to Node with -e is seen in the process table. */
function script(name: string, code: string): string {
  const path = home(`${name}.cjs`);
  write(path, code);
  return path;
}

const running = (path: string) => ({command: process.execPath, args: [path]});
const lines = (client: string) =>
  result.stdout.split('\n').filter((line) => /^\w+ +(.+?): /.exec(line)?.[1] === client);

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = createSandbox({modelUrl: model.url, config: {plugin: [PLUGIN]}});
  mkdirSync(home('bin'));
  // As npm does when it installs.
  chmodSync(BIN, 0o755);
  symlinkSync(BIN, home('bin', NAME));
  const env = {PATH: `${home('bin')}:${sandbox.env.PATH}`, SECRET: 'sk-very-secret-0123456789'};
  const marks = join(sandbox.root, 'started');
  mkdirSync(marks);
  write(home('.claude.json'), {
    mcpServers: {
      [NAME]: {command: `\${OURS:-${NAME}}`, args: [], env: {OPENCODE_DELEGATE_LOG: 'debug'}},
    },
    projects: {
      [sandbox.project]: {mcpServers: {[NAME]: running(script('poor', POOR))}},
      '/elsewhere': {mcpServers: {[NAME]: running('/nowhere.cjs')}},
    },
  });
  write(
    home('.codex', 'config.toml'),
    `[mcp_servers."${NAME}"]
command = '${process.execPath}'
args = [
  '${script('silent', SILENT)}', # comes from npm
]
startup_timeout_sec = 1.5
`,
  );
  write(home('.gemini', 'settings.json'), {
    mcpServers: {[NAME]: {...running(script('dies', DIES)), env: {API_KEY: '$SECRET'}}},
  });
  write(home('.cursor', 'mcp.json'), {mcpServers: {[NAME]: {command: '/gone/opencode-delegate'}}});
  write(home('.config', 'Code', 'User', 'mcp.json'), {
    servers: {[NAME]: running(script('foreign', FOREIGN))},
  });
  // What a repository brings.
  const evil = {command: 'touch', args: [join(marks, NAME)]};
  write(join(sandbox.project, '.mcp.json'), {mcpServers: {[NAME]: evil}});
  write(join(sandbox.project, '.cursor', 'mcp.json'), {mcpServers: {[NAME]: {command: NAME}}});
  write(join(sandbox.project, '.gemini', 'settings.json'), {
    mcpServers: {[NAME]: {command: NAME, env: {NODE_OPTIONS: `--require ${script('evil', '0')}`}}},
  });
  result = await runCommand(sandbox, ['doctor'], {env});
}, 120_000);

afterAll(async () => {
  await sandbox.remove();
  await model.close();
});

describe('doctor tries what each client starts', () => {
  it('and says that one answers, with its tools', () => {
    expect(lines('Claude Code')).toContainEqual(
      expect.stringMatching(/^ok .*\.claude\.json"\. It answers after \d+\.\d s, with 5 tools\.$/),
    );
  });

  it('and says which tools another one lacks, of this project alone', () => {
    expect(lines('Claude Code')).toContainEqual(
      expect.stringMatching(
        /^failed .*, without delegation_read, delegation_list, delegation_cancel, delegation_reply\. npm install -g .*@latest$/,
      ),
    );
    expect(result.stdout).not.toContain('nowhere');
  });

  it.each([
    [
      'Cursor',
      /"\/gone\/opencode-delegate" cannot be started: .*ENOENT.* npm install -g opencode-delegate, or/,
    ],
    ['Gemini CLI', /ends at once \(exit code 3\), and says: Error: Cannot find module token=/],
    ['Codex', /has not answered within 1\.5 s, and says: still loading\. Run it in a shell/],
    ['VS Code', /is another server, "weather"\. Give it another name/],
  ])('and says with its cure what is wrong in %s', (client, says) => {
    expect(lines(client).filter((line) => line.startsWith('failed'))).toEqual([expect.stringMatching(says)]);
    expect(result.exitCode).toBe(1);
  });

  it('without the keys that a program says', () => {
    expect(result.stdout).not.toContain('sk-very-secret');
  });

  it('but nothing that a repository chooses', () => {
    expect(readdirSync(join(sandbox.root, 'started'))).toEqual([]);
    expect(lines('Claude Code')).toContainEqual(
      expect.stringMatching(/^warning .*\.mcp\.json"\. It is not tried: a repository .* starts "touch"\./),
    );
    expect(lines('Gemini CLI')).toContainEqual(expect.stringMatching(/^warning .* It is not tried/));
    // The installed command is the same one wherever it is named.
    expect(lines('Cursor')).toContainEqual(expect.stringMatching(/^ok .*my project.*, with 5 tools\.$/));
  });

  it('and has OpenCode say that it has loaded the plugin', () => {
    expect(lines('OpenCode plugin')).toEqual([
      expect.stringMatching(/^ok .*opencode\.json"\. OpenCode has loaded it from ".*dist\/plugin\.js"\.$/),
    ]);
    expect(lines('OpenCode')).toHaveLength(1);
  });

  it('and leaves no process, no host and no file', async () => {
    await allGone(sandbox.root);
    expect(processesIn(sandbox.root)).toEqual([]);
    expect(existsSync(sandbox.runtimeDir)).toBe(false);
    expect(readdirSync(sandbox.root).filter((name) => /doctor|handshake/.test(name))).toEqual([]);
    expect(model.requests).toEqual([]);
  });
});
