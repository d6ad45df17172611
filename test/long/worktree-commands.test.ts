import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {type CommandOptions, runCommand} from '../support/command.ts';
import {createGate, type Gate} from '../support/gate.ts';
import {Repository} from '../support/repository.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {openTerminal} from '../support/terminal.ts';

let model: ScriptedModel;
let sandbox: Sandbox;
let repository: Repository;
const gates = new Map<string, Gate>();

/** What each agent writes, by the prompt. */
const WRITES: Readonly<Record<string, readonly [file: string, content: string]>> = {
  'Improve a': ['a.txt', 'better\n'],
  'Improve b': ['b.txt', 'better\n'],
  'Make a file': ['my new.txt', 'plain\n\u001b[2J\u202ehidden\n'],
  'Work for long': ['long.txt', 'so far\n'],
};

beforeAll(async () => {
  model = await ScriptedModel.start(async ({prompt, toolResults}): Promise<Reply> => {
    const [filePath, content] = WRITES[prompt] ?? [];
    if (filePath !== undefined && toolResults.length === 0)
      return {tool: 'write', input: {filePath, content}};
    await gates.get(prompt)?.opened;
    return {text: `Done: ${prompt}`};
  });
  sandbox = createSandbox({modelUrl: model.url, config: {permission: 'allow'}});
  repository = Repository.create(sandbox.project, {
    home: join(sandbox.root, 'home'),
    files: {'a.txt': 'a\n', 'b.txt': 'b\n'},
  });
});

afterAll(async () => {
  await sandbox.remove();
  await model.close();
});

const command = (args: readonly string[], options?: CommandOptions) => runCommand(sandbox, args, options);

async function delegated(prompt: string, access = 'worktree'): Promise<string> {
  const {stdout, exitCode, stderr} = await command(['run', prompt, '--access', access, '--wait']);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

const read = (name: string) => readFileSync(join(sandbox.project, name), 'utf8');

describe('the work of a worktree', () => {
  it('is looked at, taken over and dropped', async () => {
    const id = await delegated('Improve a');
    const seen = await command(['diff', id]);
    expect(seen).toMatchObject({exitCode: 0, stderr: ''});
    expect(seen.stdout).toMatch(/^diff --git a\/a\.txt b\/a\.txt\n.*\n@@ -1 \+1 @@\n-a\n\+better$/s);
    expect((await command(['diff', id, '--stat'])).stdout).toMatch(/^ a\.txt \| 2 \+-\n 1 file changed.*$/);

    repository.write({'mine.txt': 'mine\n'});
    const dirty = await command(['apply', id]);
    expect(dirty).toMatchObject({exitCode: 2, stdout: ''});
    expect(dirty.stderr).toMatch(/has changes that are not committed.*say --dirty.*\n {2}mine\.txt$/s);
    expect(read('a.txt')).toBe('a\n');
    const applied = await command(['apply', id, '--dirty']);
    expect(applied.stdout).toMatch(/^Changed in ".*my project", and not committed: 1 file\n {2}a\.txt$/);
    expect(read('a.txt')).toBe('better\n');
    expect(repository.git('status', '--porcelain')).toBe(' M a.txt\n?? mine.txt');

    const refused = await command(['drop', id]);
    expect(refused).toMatchObject({exitCode: 2, stdout: ''});
    expect(refused.stderr).toContain(`Work would be lost. Nothing has changed.`);
    repository.commit('taken over');
    const dropped = await command(['drop', id]);
    expect(dropped, dropped.stderr).toMatchObject({exitCode: 0});
    expect(dropped.stdout).toMatch(new RegExp(`^Removed: ".*${id}" and the branch delegation/${id}$`));
    expect(repository.git('branch', '--list', 'delegation/*')).toBe('');
    for (const name of ['diff', 'apply', 'drop'])
      expect(await command([name, id])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/^Neither the worktree .* is there any more\.$/),
      });
  });

  it('leaves everything as it was where it conflicts', async () => {
    const id = await delegated('Improve b');
    repository.write({'b.txt': 'ours\n'});
    repository.commit('ours');
    const {stdout, stderr, exitCode} = await command(['apply', id]);
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1});
    expect(stderr).toMatch(/where nothing has changed:\n {2}b\.txt\n.*git merge delegation\//s);
    expect(repository.git('status', '--porcelain')).toBe('');
    expect((await command(['drop', id, '--force'])).exitCode).toBe(0);
  });

  it('is in colour and in the pager at a terminal, and nothing in it moves the cursor', async () => {
    const id = await delegated('Make a file');
    const {stdout} = await command(['diff', id]);
    expect(stdout).toContain('+\\u{1b}[2J\\u{202e}hidden');
    expect(stdout).not.toContain('\u001b');
    const env = {...sandbox.env, PAGER: "sed 's/^/| /'"};
    const terminal = openTerminal({...sandbox, env}, process.execPath, BIN, 'diff', id);
    onTestFinished(() => terminal.close());
    await terminal.shows('| +\\u{1b}[2J\\u{202e}hidden');
    await terminal.exited;
    expect(terminal.screen()).toContain('| +plain');
    const coloured = await command(['diff', id], {env: {FORCE_COLOR: '1'}});
    expect(coloured.stdout).toContain('\u001b[32m+plain\u001b[39m');
  });

  it('can be looked at while the agent works, and not taken away from it', async () => {
    const gate = createGate();
    gates.set('Work for long', gate);
    onTestFinished(() => gate.open());
    const {stdout: id} = await command(['run', 'Work for long', '--access', 'worktree']);
    await model.asked(({prompt, toolResults}) => prompt === 'Work for long' && toolResults.length === 1);
    expect((await command(['diff', id, '--name-only'])).stdout).toBe('long.txt');
    for (const name of ['apply', 'drop'])
      expect(await command([name, id])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(`still works in the worktree. Wait for its end`),
      });
    gate.open();
    await command(['wait', id]);
    expect(existsSync(join(sandbox.project, 'long.txt'))).toBe(false);
  });
});

describe('a delegation without a worktree', () => {
  it('is named, with the files that it changed', async () => {
    const id = await delegated('Make a file', 'agent');
    for (const name of ['diff', 'apply', 'drop']) {
      const {stderr, exitCode} = await command([name, id]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/has no worktree: .* itself\. Files that it changed: "my new\.txt"\.$/);
    }
  });
});
