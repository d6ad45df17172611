import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

describe('a delegation with access worktree', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let repository: Repository;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({modelUrl: model.url, config: {permission: 'allow'}});
    repository = Repository.create(sandbox.project, {
      home: join(sandbox.root, 'home'),
      files: {'a.txt': 'a\n', 'web/page.txt': 'page\n'},
    });
    client = await connect(sandbox);
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  /** Has the agent call these tools, one after the other, and then say what came back. */
  function script(calls: readonly (readonly [string, Record<string, unknown>])[]): void {
    model.script(({toolResults}): Reply => {
      const [tool, input] = calls[toolResults.length] ?? [];
      return tool === undefined || input === undefined
        ? {text: `Done: ${toolResults.join(' | ')}`}
        : {tool, input};
    });
  }

  it('works beside the checkout, and its result says what to do with the branch', async () => {
    repository.write({'a.txt': 'changed by the user\n'});
    const status = repository.git('status', '--porcelain');
    script([
      ['write', {filePath: 'page.txt', content: 'better\n'}],
      ['bash', {command: 'echo by bash > shell.txt', description: 'shell'}],
      ['read', {filePath: join(sandbox.project, 'a.txt')}],
      ['write', {filePath: join(sandbox.project, 'web', 'page.txt'), content: 'in the checkout\n'}],
      ['bash', {command: 'git stash push', description: 'stash'}],
    ]);
    const started = await client.call('delegate', {
      prompt: 'Improve the page',
      access: 'worktree',
      directory: join(sandbox.project, 'web'),
    });
    expect(started.text).toContain(' · worktree · ');
    expect(started.text).toContain(
      'Not taken along: what is not committed in your checkout (1 file or folder).',
    );
    const id = started.text.split(' ')[0] ?? '';
    const [head = ''] = (await client.read(id)).blocks;
    const path = join(
      sandbox.dataDir,
      'worktrees',
      repository.git('rev-list', '--max-parents=0', 'HEAD'),
      id,
    );
    const commit = repository.git('rev-parse', `delegation/${id}`);
    expect(head).toContain('Files changed: page.txt, shell.txt');
    expect(head).toContain(`Branch: delegation/${id} at ${commit.slice(0, 12)}: 2 files changed`);
    expect(head).toContain(`Worktree: ${path}`);
    expect(head).toContain(`To merge: git -C '${sandbox.project}' merge delegation/${id}`);
    expect(head).toMatch(/^To look: git -C .*\nTo merge: git -C .*\nTo drop: git -C /m);
    expect(head).toMatch(/Refused: denied: read .*a\.txt; denied: write .*page\.txt; denied: bash stash/);
    expect(readFileSync(join(path, 'web', 'page.txt'), 'utf8')).toBe('better\n');
    expect(repository.git('status', '--porcelain')).toBe(status);
    expect(repository.git('stash', 'list')).toBe('');
    const record = readFileSync(artifactOf(sandbox, id), 'utf8');
    expect(record).toContain('\naccess: worktree\n');
    expect(record).toContain(`\n  commit: ${commit}\n`);
    expect(record).toMatch(/\n {2}look: .*\n {2}merge: .*\n {2}drop: /);
    const {system} = await model.asked(({prompt}) => prompt === 'Improve the page');
    expect(system).toContain(
      `You work in ${join(path, 'web')}, in a git worktree made of ${sandbox.project}`,
    );
    repository.git('checkout', '--quiet', '--', '.');
  });

  it('that changes nothing leaves no worktree and no branch', async () => {
    script([['read', {filePath: 'a.txt'}]]);
    const id = await client.delegate('Look', {access: 'worktree'});
    const read = await client.read(id);
    expect(read.blocks[0]).toContain(
      'Worktree: nothing was changed in it, so it and its branch are removed.',
    );
    expect(read.blocks[1]).toContain('1: a');
    expect(repository.git('branch', '--list', `delegation/${id}`)).toBe('');
    expect(repository.git('worktree', 'list')).not.toContain(id);
  });

  it('keeps what there is when it is cancelled', async () => {
    model.script(({toolResults}): Reply => {
      if (toolResults.length === 0) return {tool: 'write', input: {filePath: 'half.txt', content: 'half\n'}};
      return {stall: 'thinking'};
    });
    const id = await client.delegate('Begin', {access: 'worktree'});
    await model.asked(({prompt, toolResults}) => prompt === 'Begin' && toolResults.length === 1);
    await client.call('delegation_cancel', {id});
    const [head] = (await client.read(id)).blocks;
    expect(head).toContain(' · cancelled · ');
    expect(head).toContain('Files changed: half.txt');
    expect(repository.git('show', `delegation/${id}:half.txt`)).toBe('half');
  });

  it('is refused outside of a repository', async () => {
    const answer = await client.call('delegate', {prompt: 'x', access: 'worktree', directory: sandbox.root});
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(/^A worktree cannot be made: .* is not in a git repository/);
  });

  it('survives the death of its host: what was changed is kept and named', async () => {
    const other = await connect(sandbox, {env: {OPENCODE_DELEGATE_HOST: 'off'}});
    model.script(({prompt, toolResults}): Reply => {
      if (toolResults.length > 0) return {stall: 'thinking'};
      if (prompt === 'Write') return {tool: 'write', input: {filePath: 'kept.txt', content: 'kept\n'}};
      return {tool: 'read', input: {filePath: 'a.txt'}};
    });
    const [writer, reader] = await Promise.all(
      ['Write', 'Read'].map((prompt) => other.delegate(prompt, {access: 'worktree'})),
    );
    for (const wanted of ['Write', 'Read']) {
      await model.asked(({prompt, toolResults}) => prompt === wanted && toolResults.length === 1);
    }
    process.kill(other.pid, 'SIGKILL');
    await other.close().catch(() => {});
    const [head] = (await client.read(writer ?? '')).blocks;
    expect(head).toContain(' · interrupted · ');
    expect(head).toContain('Files changed: kept.txt');
    expect(repository.git('show', `delegation/${writer}:kept.txt`)).toBe('kept');
    expect((await client.read(reader ?? '')).blocks[0]).toContain('nothing was changed in it');
    expect(repository.git('branch', '--list', `delegation/${reader}`)).toBe('');
  });
});
