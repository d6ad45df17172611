import {chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect} from '../support/client.ts';
import {beginCommand, type CommandOptions, runCommand} from '../support/command.ts';
import {DEAD_PID} from '../support/fakes.ts';
import {allGone, eventually, processesIn} from '../support/processes.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

let model: ScriptedModel;
let sandbox: Sandbox;

beforeAll(async () => {
  model = await ScriptedModel.start(() => ({text: 'ok'}));
  sandbox = createSandbox({modelUrl: model.url});
  // It sees which hosts run, and a test of it leaves none for the next.
  sandbox.env.OPENCODE_DELEGATE_HOST_IDLE_SECONDS = '1';
});

afterAll(async () => {
  await sandbox.remove();
  await model.close();
});

const command = (args: readonly string[], options?: CommandOptions) => runCommand(sandbox, args, options);

interface Check {
  readonly what: string;
  readonly is: string;
  readonly says: string;
  readonly cure?: string;
}

async function checked(
  options?: CommandOptions,
): Promise<{exitCode?: number; find(what: string): Check; all(what: string): readonly Check[]}> {
  const {stdout, exitCode} = await command(['doctor', '--json'], options);
  const {ok, checks} = JSON.parse(stdout) as {ok: boolean; checks: readonly Check[]};
  expect(ok).toBe(exitCode === 0);
  const find = (what: string) =>
    checks.find((one) => one.what.startsWith(what)) ?? {what, is: 'missing', says: ''};
  const all = (what: string) => checks.filter((one) => one.what === what);
  return {find, all, ...(exitCode !== undefined && {exitCode})};
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, text);
}

describe('doctor', () => {
  it('has one line for each check, and starts nothing that stays', async () => {
    const {stdout, exitCode, stderr} = await command(['doctor']);
    expect({exitCode, stderr}, stdout).toEqual({exitCode: 0, stderr: ''});
    for (const line of stdout.split('\n')) expect(line).toMatch(/^(?:ok {7}|warning {2})[\w ]+: \S/);
    expect(stdout).toMatch(/^ok {7}OpenCode starts: Version 1\.18\.\d+ has answered after /m);
    expect(stdout).toMatch(/^ok {7}Model: scripted\/model, with the agent build\./m);
    expect(stdout).toMatch(/^ok {7}Hosts: None runs\./m);
    expect(stdout).toMatch(
      /^warning {2}OpenCode: .* To add it: opencode-delegate install opencode, or: opencode plugin opencode-delegate --global$/m,
    );
    expect(existsSync(sandbox.runtimeDir)).toBe(false);
    expect(model.requests).toEqual([]);
  });

  it('has the model answer where that is wanted, and sees the host', async () => {
    const {stdout, exitCode} = await command(['doctor', '--live']);
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toMatch(
      /^ok {7}Live answer: scripted\/model has answered after .*, in [a-z]+-[a-z]+-[a-z]+\.$/m,
    );
  });

  it('names what is wrong, with the cure', async () => {
    const lock = join(sandbox.dataDir, 'shop-0123abcd', 'swift-amber-otter.claim');
    write(lock, JSON.stringify({pid: DEAD_PID, since: 1}));
    chmodSync(sandbox.runtimeDir, 0o755);
    const {exitCode, find} = await checked({env: {OPENCODE_DELEGATE_MODEL: 'scripted/none'}});
    chmodSync(sandbox.runtimeDir, 0o700);
    expect(exitCode).toBe(1);
    expect(find('Socket folder')).toMatchObject({is: 'failed', cure: expect.stringContaining('chmod 700')});
    expect(find('Locks')).toMatchObject({is: 'warning', says: expect.stringContaining(lock)});
    expect(find('Model')).toMatchObject({
      is: 'failed',
      says: expect.stringContaining('"scripted/none" (in OPENCODE_DELEGATE_MODEL) is not among those'),
    });
  });

  it('leaves nothing behind where a person interrupts it while OpenCode starts', async () => {
    const running = beginCommand(sandbox, ['doctor']);
    await eventually(() => processesIn(sandbox.root).some((one) => one.command.includes('opencode serve')));
    running.interrupt();
    expect(await running.ended).toBe(1);
    await allGone(sandbox.root);
    expect(readdirSync(sandbox.root).filter((name) => /doctor|handshake/.test(name))).toEqual([]);
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    [
      'a setting',
      {OPENCODE_DELEGATE_CONCURRENCY: 'many'},
      'Settings',
      /OPENCODE_DELEGATE_CONCURRENCY="many" must/,
    ],
    ['OpenCode', {OPENCODE_DELEGATE_BIN: '/nowhere/opencode'}, 'OpenCode', /names "\/nowhere\/opencode"/],
    ['what OpenCode reads', {OPENCODE_CONFIG_CONTENT: '{'}, 'OpenCode starts', /OPENCODE_CONFIG_CONTENT/],
  ])('and looks no further than what the rest needs: %s', async (_, env, what, says) => {
    const {exitCode, find} = await checked({env});
    expect(exitCode).toBe(1);
    expect(find(what)).toMatchObject({is: 'failed', says: expect.stringMatching(says)});
    expect(find('Model').is).toBe('missing');
  });

  it('says why there are several hosts, and never a value', async () => {
    const secret = {KUBECONFIG: '/secret/config', OPENCODE_DELEGATE_HOST: 'on'};
    const clients = [
      await connect(sandbox, {env: {OPENCODE_DELEGATE_HOST: 'on'}}),
      await connect(sandbox, {env: secret}),
      await connect(sandbox, {
        env: {...secret, OPENCODE_DELEGATE_DATA_DIR: join(sandbox.root, 'other data')},
      }),
    ];
    const {stdout} = await command(['doctor'], {env: {OPENCODE_DELEGATE_BIN: '/nowhere'}});
    for (const client of clients) await client.close();
    expect(stdout).toMatch(
      /^ok {7}Host \d+: It serves this data folder: 2 clients, 0 delegations that run or wait\.$/m,
    );
    expect(stdout).toMatch(/^ok {7}Host \d+: Environment 2 .* differs from the first in KUBECONFIG\.$/m);
    expect(stdout).toMatch(
      /It serves another data folder, ".*other data": .* value of OPENCODE_DELEGATE_DATA_DIR, /,
    );
    expect(stdout).not.toContain('secret');
  });
});

describe('clients that are configured', () => {
  const home = (...path: readonly string[]) => join(sandbox.env.HOME ?? '', ...path);

  it('are found by their files, with what is wrong there', async () => {
    const npx = {command: 'npx', args: ['opencode-delegate']};
    write(home('.claude.json'), JSON.stringify({mcpServers: {'opencode-delegate': {type: 'http'}}}));
    write(home('.codex', 'config.toml'), '[mcp_servers.opencode-delegate]\nenabled = false\ncommand = "x"\n');
    write(home('.gemini', 'settings.json'), JSON.stringify({mcpServers: {own: npx}}));
    write(home('.cursor', 'mcp.json'), '{"mcpServers": {"opencode-delegate": ');
    write(join(sandbox.project, '.vscode', 'mcp.json'), '{"servers": {}} // none yet');
    write(
      home('.config', 'zed', 'settings.json'),
      JSON.stringify({context_servers: {'opencode-delegate': {command: 'python3', args: ['server.py']}}}),
    );
    write(
      join(sandbox.project, '.zed', 'settings.json'),
      JSON.stringify({context_servers: {'opencode-delegate': {command: 'python3', args: ['server.py']}}}),
    );
    const {find, all} = await checked({env: {OPENCODE_DELEGATE_BIN: '/nowhere'}});
    expect(find('Claude Code')).toMatchObject({is: 'warning', says: expect.stringContaining('no command')});
    expect(find('Codex')).toMatchObject({is: 'ok', says: expect.stringContaining('switched off')});
    expect(find('Gemini CLI')).toMatchObject({is: 'warning', says: expect.stringContaining('npx')});
    expect(find('Cursor')).toMatchObject({is: 'warning', says: expect.stringContaining('mistake')});
    expect(find('VS Code')).toMatchObject({
      is: 'warning',
      cure: 'To add it: opencode-delegate install vscode. docs/clients.md has the entry.',
    });
    // A server of somebody's with our name: it is not for us to install it again, nor to say that it is ours.
    expect(all('Zed')).toEqual([
      {
        ...{what: 'Zed', is: 'failed'},
        says: expect.stringMatching(
          /"[^"]*\.config\/zed\/settings\.json"\. "python3", another program, (?:ends at once|cannot be started)/,
        ),
        cure: expect.stringMatching(
          /^[^.]*\. If it is another server, give it another name, and add this one: opencode-delegate install zed$/,
        ),
      },
      {
        ...{what: 'Zed', is: 'warning'},
        says: expect.stringMatching(/my project.*It is not tried: a repository .* it starts "python3"\.$/),
        cure: expect.any(String),
      },
    ]);
  });

  it.each([
    ['a plugin whose file is gone', ['file:///nowhere/opencode-delegate/plugin.js'], /which is not there/],
    ['one that nobody has tried', ['opencode-delegate'], /OpenCode did not start/],
  ])('say of %s what is wrong', async (_, plugin, says) => {
    sandbox.configure({...sandbox.config, plugin});
    const {find} = await checked({env: {OPENCODE_DELEGATE_BIN: '/nowhere'}});
    sandbox.configure(sandbox.config);
    expect(find('OpenCode plugin').says).toMatch(says);
  });

  it('say that OpenCode has not loaded the plugin, where its package is missing', async () => {
    sandbox.configure({...sandbox.config, plugin: ['opencode-delegate']});
    const {find, exitCode} = await checked();
    sandbox.configure(sandbox.config);
    expect(find('OpenCode plugin')).toMatchObject({
      is: 'failed',
      says: expect.stringContaining('OpenCode has not loaded it'),
      cure: expect.stringContaining('opencode plugin opencode-delegate --global --force'),
    });
    expect(exitCode).toBe(1);
  });
});
