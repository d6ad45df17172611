import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

/** What a delegation must leave as it is. */
function checkoutOf(repository: Repository): unknown {
  const read = (name: string) => readFileSync(join(repository.path, name), 'latin1');
  return {
    files: ['a.txt', 'web/page.txt'].map(read),
    index: read('.git/index'),
    status: repository.git('status', '--porcelain'),
    stashes: repository.git('stash', 'list'),
  };
}

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
      // OpenCode writes into such a folder: that is no change of the agent's.
      files: {
        'a.txt': 'a\n',
        'web/page.txt': 'page\n',
        '.opencode/agent/own.md': '---\nmode: primary\n---\nOwn.',
      },
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
    const before = checkoutOf(repository);
    script([
      ['write', {filePath: 'page.txt', content: 'better\n'}],
      ['bash', {command: 'echo by bash > shell.txt', description: 'shell'}],
      ['read', {filePath: join(sandbox.project, 'a.txt')}],
      ['write', {filePath: join(sandbox.project, 'web', 'page.txt'), content: 'in the checkout\n'}],
      ['bash', {command: 'git stash push', description: 'stash'}],
      ['bash', {command: 'git -C . stash push', description: 'stash otherwise'}],
      ['bash', {command: `echo x > '${sandbox.project}/a.txt'`, description: 'redirect'}],
      ['bash', {command: `cd "${sandbox.project}" && git checkout -- a.txt`, description: 'restore'}],
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
    const [project = ''] = readdirSync(join(sandbox.dataDir, 'worktrees'));
    expect(project).toMatch(/^my-project-[0-9a-f]{8}$/);
    const path = join(sandbox.dataDir, 'worktrees', project, id);
    const commit = repository.git('rev-parse', `delegation/${id}`);
    expect(head).toContain('Files changed: page.txt, shell.txt');
    expect(head).toContain(`Branch: delegation/${id} at ${commit.slice(0, 12)}: 2 files changed`);
    // The client works at the root of the checkout.
    expect(head).toMatch(
      new RegExp(`^Branch: .*\\nTo merge: git merge delegation/${id}\\nTo look at it or to drop`, 'm'),
    );
    expect(head).not.toContain(path);
    expect(head).toMatch(/Refused: denied: read .*a\.txt; denied: write .*page\.txt; denied: bash stash; /);
    for (const what of ['stash otherwise', 'redirect', 'restore'])
      expect(head).toContain(`denied: bash ${what}`);
    expect(readFileSync(join(path, 'web', 'page.txt'), 'utf8')).toBe('better\n');
    expect(checkoutOf(repository)).toEqual(before);
    const record = readFileSync(artifactOf(sandbox, id), 'utf8');
    expect(record).toContain('\naccess: worktree\n');
    expect(record).toContain(`\n  commit: ${commit}\n`);
    expect(record).toMatch(/\n {2}look: .*\n {2}merge: .*\n {2}drop: /);
    const {system} = await model.asked(({prompt}) => prompt === 'Improve the page');
    expect(system).toContain(
      `You work in ${join(path, 'web')}, in a git worktree made of ${sandbox.project}`,
    );
    repository.git('checkout', '--quiet', '--', '.');
    repository.git(...(/To merge: git (.*)/.exec(head)?.[1]?.split(' ') ?? []));
    expect(repository.git('log', '-1', '--format=%H')).toBe(commit);
  });

  it('that changes nothing leaves no worktree and no branch', async () => {
    script([['read', {filePath: 'a.txt'}]]);
    const id = await client.delegate('Look', {access: 'worktree', agent: 'own'});
    const read = await client.read(id);
    expect(read.blocks[0]).toContain(
      'Worktree: nothing was changed in it, so it and its branch are removed.',
    );
    expect(read.blocks[1]).toContain('1: a');
    expect(repository.git('branch', '--list', `delegation/${id}`)).toBe('');
    expect(repository.git('worktree', 'list')).not.toContain(id);
  });

  it('has the agents below its own in it as well', async () => {
    model.script(({prompt, toolResults}): Reply => {
      if (toolResults.length > 0) return {text: 'Done.'};
      return prompt.includes('work below')
        ? {tool: 'write', input: {filePath: 'below.txt', content: 'from below\n'}}
        : {tool: 'task', input: {description: 'n', prompt: 'work below', subagent_type: 'general'}};
    });
    const id = await client.delegate('Have it done', {access: 'worktree'});
    await client.read(id);
    expect(repository.git('show', `delegation/${id}:below.txt`)).toBe('from below');
    expect(existsSync(join(sandbox.project, 'below.txt'))).toBe(false);
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

    script([['write', {filePath: 'rest.txt', content: 'rest\n'}]]);
    const next = await client.call('delegate', {continue: id, prompt: 'Go on'});
    const elsewhere = await connect(sandbox, {cwd: join(sandbox.project, 'web')});
    expect((await elsewhere.read(id)).text).toContain(
      `\nTo merge: git -C '${sandbox.project}' merge delegation/${id}\n`,
    );
    await elsewhere.close();
    const [after] = (await client.read(next.text.split(' ')[0] ?? '')).blocks;
    expect(after).toContain(`continues ${id}`);
    expect(after).toContain('Files changed: rest.txt\n');
    expect(after).toMatch(new RegExp(`^Branch: delegation/${id} at .*: 2 files changed`, 'm'));
    expect(repository.git('show', '--format=%s', '--name-only', `delegation/${id}`)).toBe(
      'Go on\n\nrest.txt',
    );
  });

  it('is what keeps two writers apart: those in one directory are told of each other', async () => {
    let arrived = 0;
    let open!: () => void;
    const both = new Promise<void>((resolve) => {
      open = resolve;
    });
    model.script(async ({prompt, toolResults}): Promise<Reply> => {
      if (toolResults.length > 0) return {text: 'done'};
      arrived += 1;
      if (arrived === 2) open();
      await both;
      return {tool: 'write', input: {filePath: 'same.txt', content: prompt}};
    });
    const first = await client.delegate('One');
    const second = await client.call('delegate', {prompt: 'Two'});
    expect(second.text).toContain(
      `Also at work in this directory, and free to write: ${first}. access "read-only" or "worktree" keeps delegations apart.`,
    );
    const id = second.text.split(' ')[0] ?? '';
    const ends = await Promise.all([client.read(first), client.read(id)]);
    const shared = (other: string) => `as well, which ran at the same time: same.txt (${other})`;
    // The first to end learns of it when the second has ended.
    expect(ends.map(({text}) => text).join()).toContain('which ran at the same time: same.txt');
    await expect.poll(async () => (await client.read(first)).text).toContain(shared(id));
    await expect.poll(async () => (await client.read(id)).text).toContain(shared(first));
    expect(readFileSync(artifactOf(sandbox, first), 'utf8')).toContain(
      `also_changed:\n  - file: same.txt\n    by: ${id}\n`,
    );
    repository.git('clean', '--quiet', '--force');
  });

  it('is refused outside of a repository', async () => {
    const answer = await client.call('delegate', {prompt: 'x', access: 'worktree', directory: sandbox.root});
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(/^A worktree cannot be made: .* is not in a git repository/);
  });

  it('survives the death of its host: what was changed is kept and named; another host has writers wait', async () => {
    const env = {OPENCODE_DELEGATE_HOST: 'off', OPENCODE_DELEGATE_SERIAL_WRITERS: '1'};
    const other = await connect(sandbox, {env});
    model.script(() => ({stall: 'thinking'}));
    const holder = await other.delegate('Hold');
    const waiting = await other.call('delegate', {prompt: 'Wait'});
    expect(waiting.text).toContain(
      ` · queued, place 1 · waits for ${holder}, which can write in the same directory · `,
    );
    await other.call('delegation_cancel', {id: waiting.text.split(' ')[0]});
    await other.call('delegation_cancel', {id: holder});
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

  it('whose agent writes itself another .git has no git run there, and keeps what was written', async () => {
    const canary = join(sandbox.root, 'canary');
    const config = `[core]\n\trepositoryformatversion = 0\n\tfsmonitor = touch '${canary}'\n[filter "x"]\n\tclean = touch '${canary}'\n`;
    const files = {
      'own/HEAD': 'ref: refs/heads/main\n',
      'own/config': config,
      'own/objects/x': '',
      'own/refs/x': '',
      '.gitattributes': '* filter=x\n',
      'work.txt': 'work\n',
      '.git': 'gitdir: own\n',
    };
    script(Object.entries(files).map(([filePath, content]) => ['write', {filePath, content}] as const));
    const id = await client.delegate('Write', {access: 'worktree', directory: sandbox.project});
    const [head = ''] = (await client.read(id)).blocks;
    expect(head).toContain(' · completed · ');
    expect(head).toContain('is not as it was made, so no git was run there');
    const path = /Worktree: (\S.*)/.exec(head)?.[1] ?? '';
    expect(readFileSync(join(path, 'work.txt'), 'utf8')).toBe('work\n');
    expect(repository.git('rev-parse', `delegation/${id}`)).toBe(repository.git('rev-parse', 'HEAD'));
    expect(existsSync(canary)).toBe(false);
  });
});
