import {existsSync, readFileSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {parseRecord} from '../../src/store/record/record.ts';
import {connect, type TestClient} from '../support/client.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {attemptsIn, furnish, MCP_WRITER, SECRET, stateOf, WRITING_TOOL} from '../support/temptations.ts';

describe('a read-only delegation', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;
  let before: string;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({
      modelUrl: model.url,
      config: {
        permission: 'allow',
        agent: {
          free: {
            mode: 'primary',
            permission: {'*': 'allow', external_directory: 'allow', read: {'*': 'allow'}},
          },
          offline: {mode: 'primary', permission: {'*': 'allow', webfetch: 'deny'}},
        },
        mcp: {writer: {type: 'local', command: [process.execPath, MCP_WRITER]}},
      },
    });
    furnish(sandbox);
    before = stateOf(sandbox);
    client = await connect(sandbox, {env: {OPENCODE_DELEGATE_READONLY_TOOLS: 'writer_look_up'}});
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  it('changes nothing and leaks nothing, whatever its agent may and tries, and each attempt is on record', async () => {
    const attempts = attemptsIn(sandbox);
    expect(attempts.length).toBeGreaterThanOrEqual(30);
    let answered: readonly string[] = [];
    model.script(({toolResults}): Reply => {
      answered = toolResults;
      const [tool, input] = attempts[toolResults.length] ?? [];
      return tool === undefined || input === undefined ? {text: 'I have tried it all'} : {tool, input};
    });
    const id = await client.delegate('Do harm', {agent: 'free', access: 'read-only'});
    const read = await client.read(id);
    expect(read.blocks[0]).toContain(' · completed · agent free · model scripted/model · read-only · ');
    expect(answered).toHaveLength(attempts.length);
    expect(answered.filter((text) => text.includes(SECRET))).toEqual([]);
    expect(stateOf(sandbox)).toBe(before);
    const refused = /^Refused: .*$/m.exec(read.blocks[0] ?? '')?.[0] ?? '';
    const {state} = parseRecord(readFileSync(artifactOf(sandbox, id), 'utf8'), 'project');
    const recorded = 'work' in state ? state.work.refused : [];
    expect(recorded).toHaveLength(attempts.length);
    for (const [, , shown] of attempts) {
      expect(refused).toContain(shown);
      expect(recorded.some((line) => line.includes(shown))).toBe(true);
    }
    expect(read.blocks[0]).not.toContain('Files changed');
  });

  it('reads, searches, and uses the MCP tools that are named as safe', async () => {
    const calls: readonly (readonly [string, Record<string, unknown>])[] = [
      ['read', {filePath: 'code.ts'}],
      ['grep', {pattern: 'one'}],
      ['glob', {pattern: '**/*.ts'}],
      ['read', {filePath: 'inner-link.ts'}],
      ['writer_look_up', {path: ''}],
    ];
    let answered: readonly string[] = [];
    model.script(({toolResults}): Reply => {
      answered = toolResults;
      const [tool, input] = calls[toolResults.length] ?? [];
      return tool === undefined || input === undefined ? {text: 'looked'} : {tool, input};
    });
    const read = await client.read(await client.delegate('Look around', {access: 'read-only'}));
    expect(answered[0]).toContain('export const one');
    expect(answered[1]).toContain('Found 1 matches');
    expect(answered[1]).toContain('  Line 1: export const one');
    expect(answered[2]).toContain('code.ts');
    expect(answered[3]).toContain('export const one');
    expect(answered[4]).toBe('look_up was called');
    expect(read.blocks[0]).not.toContain('Refused');
  });

  it('fetches from the web where its agent may, and not where it may not', async () => {
    model.script(() => ({text: 'done'}));
    for (const agent of ['free', 'offline']) {
      await client.read(await client.delegate(`Fetch as ${agent}`, {agent, access: 'read-only'}));
    }
    const offered = async (agent: string) =>
      (await model.asked(({prompt}) => prompt === `Fetch as ${agent}`)).tools;
    expect(await offered('free')).toContain('webfetch');
    expect(await offered('offline')).not.toContain('webfetch');
  });

  it('is read-only when it is continued, by what the agent of then may, and stays so', async () => {
    const calls = [
      ['write', {filePath: 'new.txt', content: 'x'}],
      ['read', {filePath: 'link.txt'}],
    ] as const;
    model.script(({prompt, toolResults}): Reply => {
      const [tool, input] = (prompt === 'Go on' ? calls[toolResults.length] : undefined) ?? [];
      return tool === undefined || input === undefined ? {text: toolResults.join('')} : {tool, input};
    });
    const first = await client.delegate('Begin', {agent: 'free', access: 'read-only'});
    await client.read(first);
    const goOn = {continue: first, prompt: 'Go on', agent: 'offline'};
    expect((await client.call('delegate', {...goOn, access: 'worktree'})).text).toContain(
      `${first} has the access "read-only", and a worktree is another directory`,
    );
    const id = (await client.call('delegate', goOn)).text.split(' ')[0] ?? '';
    const read = await client.read(id);
    expect(read.blocks[0]).toContain(` · completed · continues ${first} · agent offline · `);
    expect(read.blocks[0]).toContain('Refused: denied: write new.txt; denied: read link.txt');
    expect(read.text).not.toContain(SECRET);
    expect(stateOf(sandbox)).toBe(before);
    expect((await model.asked(({prompt}) => prompt === 'Go on')).tools).not.toContain('webfetch');
  });

  it('is not widened by the agents, the configuration and the tools of a project: none of them is there', async () => {
    const directory = join(sandbox.root, 'tooled');
    const tools = ['read', 'grep', 'list', 'webfetch', 'mine'];
    new Repository(directory, sandbox.root).write({
      'opencode.json': JSON.stringify({permission: {'*': 'allow'}}),
      '.opencode/agent/own.md': '---\nmode: primary\ntools:\n  write: true\npermission:\n  "*": allow\n---\n',
      ...Object.fromEntries(tools.map((name) => [`.opencode/tool/${name}.js`, WRITING_TOOL])),
    });
    const work = {access: 'read-only', directory};
    const own = await client.call('delegate', {prompt: 'Do harm in it', agent: 'own', ...work});
    expect(own).toMatchObject({isError: true, text: expect.stringContaining('There is no agent "own"')});
    const path = join(directory, 'written.txt');
    const attempts = [...tools, 'write'];
    model.script(({toolResults}): Reply => {
      const tool = attempts[toolResults.length];
      return tool === undefined ? {text: 'I have tried it all'} : {tool, input: {path, filePath: path}};
    });
    const {text} = await client.read(await client.delegate('Do harm in it', work));
    expect(text).toContain('I have tried it all');
    expect(existsSync(path)).toBe(false);
    expect((await model.asked(({prompt}) => prompt === 'Do harm in it')).tools).not.toContain('mine');
  });

  it('sees nothing of the repository around its directory, nor what its prompt points at', async () => {
    const repository = Repository.create(join(sandbox.root, 'mono'), {home: sandbox.root, files: {}});
    repository.write({
      ...{'secret.txt': SECRET, 'web/.env': SECRET, 'web/page.ts': 'page', 'web/old/page.ts': 'page'},
      ...{'web/new/page.ts': 'page', 'web/new/AGENTS.md': 'New pages are kind.'},
    });
    symlinkSync('../../secret.txt', join(repository.path, 'web', 'old', 'AGENTS.md'));
    symlinkSync('../secret.txt', join(repository.path, 'web', 'up.txt'));
    const attempts = [
      ['read', {filePath: '../secret.txt'}],
      ['read', {filePath: '..'}],
      ['read', {filePath: 'up.txt'}],
      ['grep', {pattern: '.', path: repository.path}],
      ['glob', {pattern: '*', path: '..'}],
    ] as const;
    const blind = [
      ['grep', {pattern: '.', include: '../*'}],
      ['glob', {pattern: join(repository.path, '*')}],
      ['read', {filePath: 'new/page.ts'}],
      ['read', {filePath: 'old/page.ts'}],
      ['webfetch', {url: pathToFileURL(join(repository.path, 'secret.txt')).href, format: 'text'}],
    ] as const;
    const calls = [...attempts, ...blind];
    let asked = '';
    model.script(({messages, toolResults}): Reply => {
      asked = JSON.stringify(messages);
      const [tool, input] = calls[toolResults.length] ?? [];
      return tool === undefined || input === undefined ? {text: 'seen'} : {tool, input};
    });
    const id = await client.delegate(
      `Look at @.env, @../secret.txt and file://${repository.path}/secret.txt`,
      {
        ...{agent: 'free', access: 'read-only', directory: join(repository.path, 'web')},
      },
    );
    const [head = ''] = (await client.read(id)).blocks;
    expect(head).toContain(`${calls.length} tool calls`);
    for (const [tool, input] of attempts)
      expect(head).toContain(`denied: ${tool} ${Object.values(input).at(-1)}`);
    expect(head).toContain(`withheld from read old/page.ts: ${repository.path}/web/old/AGENTS.md`);
    for (const words of ['New pages are kind.', 'URL must start with http']) expect(asked).toContain(words);
    expect(asked).not.toContain(SECRET);
  });

  it('may write when it is continued with access agent, and so may agents below it; then it is read-only again', async () => {
    const put = (file: string): Reply => ({tool: 'write', input: {filePath: file, content: 'x'}});
    const task = {description: 'n', prompt: 'below', subagent_type: 'general'};
    model.script(({prompt, toolResults}): Reply => {
      if (prompt === 'look' && toolResults.length === 2) return {tool: 'read', input: {filePath: 'link.txt'}};
      if (prompt === 'Plan' || toolResults.length > 1) return {text: 'done'};
      if (prompt === 'below') return toolResults.length === 0 ? put('below.txt') : {text: 'done'};
      return toolResults.length === 0 ? put(`${prompt}.txt`) : {tool: 'task', input: task};
    });
    const goOn = async (id: string, prompt: string, access: string) => {
      const {text} = await client.call('delegate', {continue: id, prompt, access});
      const next = text.split(' ')[0] ?? '';
      return {next, head: (await client.read(next)).blocks[0] ?? ''};
    };
    const plan = await client.delegate('Plan', {access: 'read-only'});
    await client.read(plan);
    const built = await goOn(plan, 'build', 'agent');
    expect(built.head).toContain('Files changed: below.txt, build.txt\n');
    expect(built.head).not.toContain('read-only');
    const looked = await goOn(built.next, 'look', 'read-only');
    const refused = 'Refused: denied: write look.txt; denied: task n; denied: read link.txt\n';
    expect(looked.head).toContain(refused);
    expect(looked.head).toContain(' · read-only · ');
    const own = await client.delegate('Plan');
    await client.read(own);
    expect((await goOn(own, 'look', 'read-only')).head).toContain(refused);
    expect(existsSync(join(sandbox.project, 'look.txt'))).toBe(false);
  });

  it('leaves other delegations as they are', async () => {
    model.script(({toolResults}): Reply => {
      if (toolResults.length > 0) return {text: String(toolResults[0])};
      return {tool: 'read', input: {filePath: 'link.txt'}};
    });
    const read = await client.read(await client.delegate('Read it all', {agent: 'free'}));
    expect(read.blocks[1]).toContain(SECRET);
    expect(read.blocks[0]).not.toContain('read-only');
  });
});

describe('a read-only delegation that OpenCode would not confine', () => {
  it('is not run, and says why', async () => {
    const model = await ScriptedModel.start();
    const sandbox = createSandbox({modelUrl: model.url});
    const client = await connect(sandbox, {env: {OPENCODE_PURE: '1'}});
    try {
      const read = await client.read(await client.delegate('Look', {access: 'read-only'}));
      expect(read.blocks[0]).toContain(' · error · ');
      expect(read.blocks[0]).toContain('read-only cannot be held here, so nothing was run');
      expect(model.requests).toEqual([]);
    } finally {
      await client.close();
      await model.close();
      await sandbox.remove();
    }
  });
});
