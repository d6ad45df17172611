import {execFileSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {eventually} from '../support/processes.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

describe('bad input', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({
      modelUrl: model.url,
      models: ['sonnet-4', 'haiku-4'],
      config: {agent: {reviewer: {mode: 'all', description: 'reviews', prompt: 'Review.'}}},
    });
    client = await connect(sandbox);
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  const refusals: [string, Record<string, unknown>, RegExp][] = [
    ['an empty prompt', {prompt: ''}, /The prompt is empty\..* 1 to 200,000 characters/],
    ['a blank prompt', {prompt: ' \n\t '}, /The prompt is empty\./],
    [
      'a prompt over the limit',
      {prompt: 'x'.repeat(200_001)},
      /has 200,001 characters; the limit is 200,000/,
    ],
    ['no prompt', {}, /^The prompt is empty\./],
    [
      'an unknown agent',
      {prompt: 'p', agent: 'bild'},
      /no agent "bild".*can be delegated to: build, plan, reviewer\./,
    ],
    ['a hidden agent', {prompt: 'p', agent: 'compaction'}, /no agent "compaction"/],
    [
      'a subagent',
      {prompt: 'p', agent: 'explore'},
      /"explore" is a subagent: .*task flow.*build, plan, reviewer\..*OPENCODE_DELEGATE_ALLOW_SUBAGENTS=1/,
    ],
    [
      'an unknown model',
      {prompt: 'p', model: 'scripted/sonet-4'},
      /"scripted\/sonet-4" \(asked for\).*The nearest: scripted\/sonnet-4, /,
    ],
    ['a model without its provider', {prompt: 'p', model: 'haiku-4'}, /The nearest: scripted\/haiku-4, /],
    ['a relative directory', {prompt: 'p', directory: 'src'}, /"src" is relative\. Give an absolute path/],
    [
      'a missing directory',
      {prompt: 'p', directory: '/no/such place'},
      /"\/no\/such place" cannot be used: it does not exist/,
    ],
    [
      'a timeout of 0',
      {prompt: 'p', timeout_minutes: 0},
      /A timeout of 0 minutes cannot be: .*at most 1,440/,
    ],
    ['a negative timeout', {prompt: 'p', timeout_minutes: -5}, /A timeout of -5 minutes cannot be/],
    ['a timeout in words', {prompt: 'p', timeout_minutes: 'long'}, /^delegate: timeout_minutes: /],
  ];

  it.each(refusals)('%s is refused with what would work', async (_, input, message) => {
    const answer = await client.call('delegate', input);
    expect(answer).toMatchObject({isError: true, text: expect.stringMatching(message)});
  });

  it('a file as directory is refused with what would work', async () => {
    const file = join(sandbox.project, 'file.txt');
    writeFileSync(file, '');
    const answer = await client.call('delegate', {prompt: 'p', directory: file});
    expect(answer).toMatchObject({
      isError: true,
      text: expect.stringContaining('is a file, not a directory'),
    });
  });

  it('nothing that was refused is stored or sent to a model', async () => {
    expect((await client.call('delegation_list')).text).toBe('No delegations in this project yet.');
    expect(model.requests).toEqual([]);
  });

  const ids = [
    'no-such-id',
    '../../x',
    '',
    '  ',
    '/etc/passwd',
    '..',
    'a-b-c/../../x',
    'swift-amber-otter.md',
  ];
  it.each(ids)('the id %j is not found by any tool', async (id) => {
    // A read needs no id: a blank one is left out.
    const tools = id.trim() === '' ? [] : ['delegation_read'];
    for (const tool of [...tools, 'delegation_cancel']) {
      const answer = await client.call(tool, {id});
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(
        /^(No delegation ".*" in this project|An empty id names no delegation)\. delegation_list shows the known ones\./,
      );
    }
  });

  it('an id of another project is not found', async () => {
    const elsewhere = join(sandbox.root, 'elsewhere');
    mkdirSync(elsewhere);
    const other = await connect(sandbox, {cwd: elsewhere});
    try {
      const id = await other.delegate('Of another project');
      await other.read(id);
      const answer = await client.read(id);
      expect(answer).toMatchObject({isError: true, text: expect.stringContaining(`No delegation "${id}"`)});
    } finally {
      await other.close();
    }
  });

  it('an unknown tool is a protocol error', async () => {
    await expect(client.call('delegate_all')).rejects.toMatchObject({code: -32602});
  });

  it('an agent that has been added to the configuration is found without a restart', async () => {
    sandbox.configure({
      ...sandbox.config,
      agent: {fresh: {mode: 'primary', description: 'new', prompt: 'New.'}},
    });
    // The configuration is read again at most every five seconds.
    await eventually(async () => {
      const answer = await client.call('delegate', {prompt: 'p', agent: 'fresh'});
      return / · agent fresh · /.test(answer.text);
    }, 30_000);
  });

  it('a worktree of a repository shares its delegations', async () => {
    const repository = join(sandbox.root, 'repository');
    const worktree = join(sandbox.root, 'work tree');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        cwd: repository,
      });
    mkdirSync(repository);
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'first');
    git('worktree', 'add', '-q', worktree, '-b', 'other');
    const [one, two] = await Promise.all([
      connect(sandbox, {cwd: repository}),
      connect(sandbox, {cwd: worktree}),
    ]);
    try {
      const id = await one.delegate('Shared');
      await one.read(id);
      expect((await two.read(id)).text).toContain(`${id} · completed`);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });
});

describe('a configuration without a model', () => {
  it('is refused with how to configure one, and nothing is sent to a hosted default', async () => {
    const sandbox = createSandbox();
    const client = await connect(sandbox);
    try {
      const answer = await client.call('delegate', {prompt: 'p'});
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(
        /^No model is configured.*Pass model as provider\/model, set "model".*OPENCODE_DELEGATE_MODEL/,
      );
    } finally {
      await client.close();
      await sandbox.remove();
    }
  });

  it('is helped by OPENCODE_DELEGATE_MODEL, and subagents by OPENCODE_DELEGATE_ALLOW_SUBAGENTS', async () => {
    const model = await ScriptedModel.start(({model: name}) => ({text: name}));
    const sandbox = createSandbox({modelUrl: model.url, models: ['model', 'other'], config: {model: null}});
    const client = await connect(sandbox, {
      env: {OPENCODE_DELEGATE_MODEL: 'scripted/other', OPENCODE_DELEGATE_ALLOW_SUBAGENTS: '1'},
    });
    try {
      const id = await client.delegate('p', {agent: 'general'});
      const read = await client.read(id);
      expect(read.blocks[1]).toBe('other');
      expect(read.text).toContain('agent general · model scripted/other');
    } finally {
      await client.close();
      await model.close();
      await sandbox.remove();
    }
  });
});

describe('inside a delegation', () => {
  it('no tools are offered', async () => {
    const sandbox = createSandbox();
    const client = await connect(sandbox, {env: {OPENCODE_DELEGATE_INSIDE: '1'}});
    try {
      expect(await client.tools()).toEqual([]);
      expect(client.instructions).toContain('itself a background delegation');
      await expect(client.call('delegate', {prompt: 'p'})).rejects.toMatchObject({code: -32602});
    } finally {
      await client.close();
      await sandbox.remove();
    }
  });
});
