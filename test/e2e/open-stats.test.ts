import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {type CommandOptions, runCommand} from '../support/command.ts';
import {Repository} from '../support/repository.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {openTerminal} from '../support/terminal.ts';

let model: ScriptedModel;
let sandbox: Sandbox;
let id: string;

beforeAll(async () => {
  model = await ScriptedModel.start(async ({prompt}) =>
    prompt.startsWith('Fail') ? {status: 400, message: 'no such thing'} : {text: `Answer to ${prompt}`},
  );
  sandbox = createSandbox({modelUrl: model.url, models: ['model', 'other']});
  Repository.create(sandbox.project, {home: join(sandbox.root, 'home')});
  const all = await Promise.all([
    command(['run', 'Look here', '--wait']),
    command(['run', 'Look there', '--wait', '--model', 'scripted/other']),
    command(['run', 'Fail this', '--wait']),
  ]);
  id = all[0]?.stdout ?? '';
  expect(all.map(({exitCode}) => exitCode)).toEqual([0, 0, 1]);
});

afterAll(async () => {
  await sandbox.remove();
  await model.close();
});

const command = (args: readonly string[], options?: CommandOptions) => runCommand(sandbox, args, options);

describe('open', () => {
  it("shows the agent's own session in OpenCode, at a terminal", async () => {
    const terminal = openTerminal(sandbox, process.execPath, BIN, 'open', id);
    onTestFinished(() => terminal.close());
    await terminal.shows('Answer to Look here');
    terminal.type('\u0003');
    await terminal.exited;
  });

  it('says the command where there is no terminal', async () => {
    const line = new RegExp(`^cd '${sandbox.project}' && .*opencode --session ses_\\w+$`, 'm');
    expect(await command(['open', id])).toMatchObject({exitCode: 2, stderr: expect.stringMatching(line)});
    expect(await command(['open', id, '--print'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(line),
    });
  });

  it('does not run what the repository brings and nobody has allowed', async () => {
    const repository = new Repository(sandbox.project, join(sandbox.root, 'home'));
    repository.write({'.opencode/plugin/x.js': 'export const P = async () => ({});\n'});
    onTestFinished(() => void repository.git('clean', '-dfq'));
    const terminal = openTerminal(sandbox, process.execPath, BIN, 'open', id);
    onTestFinished(() => terminal.close());
    await terminal.shows('Nothing was started.');
    await terminal.exited;
    expect(terminal.screen()).toContain('brings code that OpenCode runs by itself');
  });

  it('says where a session is that OpenCode would not find', async () => {
    const env = {XDG_DATA_HOME: join(sandbox.root, 'elsewhere'), OPENCODE_DELEGATE_DATA_DIR: sandbox.dataDir};
    expect(await command(['open', id, '--print'], {env})).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('where OpenCode does not look here'),
    });
  });
});

describe('stats', () => {
  it('adds up time and tokens by day, model and agent', async () => {
    const {stdout, exitCode} = await command(['stats']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^3 delegations · 2 completed · \d.* · [\d,]+ tokens/);
    expect(stdout).toMatch(/\n\nBY DAY\n\d{4}-\d\d-\d\d +3 delegations .* █{20}\n/);
    expect(stdout).toMatch(/\n\nBY MODEL\n(?:scripted\/\w+ +.*\n){2}\nBY AGENT\nbuild +3 delegations /);
    const byModel = await command(['stats', '--by', 'model', '--since', '1h']);
    expect(byModel.stdout).not.toContain('BY DAY');
    expect((await command(['stats', '--since', '0s'])).stdout).toBe('No delegations.');
  });

  it('says the same to programs', async () => {
    const {stdout} = await command(['stats', '--json', '--by', 'model', '--all']);
    const {total, by_model: models} = JSON.parse(stdout);
    expect(total).toMatchObject({delegations: 3, completed: 2, usage: {input: expect.any(Number)}});
    const other = models.find(({model: name}: {model: string}) => name === 'scripted/other');
    expect(other).toMatchObject({delegations: 1, completed: 1});
    expect(total.usage.input).toBeGreaterThan(other.usage.input);
  });
});

describe('completion', () => {
  it('has the ids of the project quickly, and the script of each shell', async () => {
    const {stdout} = await command(['__ids']);
    expect(stdout.split('\n')).toContain(id);
    expect((await command(['completion', 'bash'])).stdout).toContain('complete -o default -F');
    expect((await command(['--help'])).stdout).not.toContain('__ids');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a shell', ['completion', 'tcsh'], /^Say which shell: bash, zsh, fish\./],
    ['a grouping', ['stats', '--by', 'week'], /^--by takes day, model, agent, and not "week"\./],
    ['a span', ['stats', '--since', 'monday'], /^--since takes a span of time/],
  ])('and what is wrong is said: %s', async (_, args, message) => {
    expect(await command(args)).toMatchObject({exitCode: 2, stderr: expect.stringMatching(message)});
  });
});
