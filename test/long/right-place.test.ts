import {existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {createLogger} from '../../src/base/log.ts';
import {OpenCodeServer} from '../../src/opencode/server/server.ts';
import {createSession, holdSession} from '../../src/opencode/session/create-session.ts';
import {dataOf} from '../../src/opencode/wire/answer.ts';
import {connect, type TestClient} from '../support/client.ts';
import {openCodeIn} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {createSandbox, NPM_BIN, type Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';

/** Each with what OpenCode makes of it. */
const MISREAD = [
  ['my%20app', 'my app'],
  ['my%2520app', 'my%20app'],
  ['a%2Fb', 'a/b'],
  ['a%5cb', 'a/b'],
  ['a\\b', 'a/b'],
  ['%E4%B8%AD', '中'],
  ['my%20app/src', 'my app/src'],
] as const;

/** What people call folders, and OpenCode leaves as it is. */
const FITTING = ['my app', '100%', '50% off %zz%41', 'ünï 日本 e\u0301', 'a+b&c#d?e=f', ' $HOME `x` "q" '];

function folder(path: string): string {
  mkdirSync(path, {recursive: true});
  writeFileSync(join(path, 'which.txt'), `this is ${path}`);
  return path;
}

describe('a directory that OpenCode reads as another one', () => {
  const home = shareHome();

  it.each(MISREAD)('is refused before OpenCode is started: %s, read as %s', async (name, other) => {
    const {model, sandbox, open} = home.scene();
    const directory = folder(join(sandbox.project, name));
    folder(join(sandbox.project, other));
    const link = join(sandbox.project, 'link');
    symlinkSync(directory, link);
    const client = await open();
    for (const access of ['agent', 'read-only', 'worktree']) {
      for (const asked of [directory, link]) {
        const answer = await client.call('delegate', {prompt: 'Look', directory: asked, access});
        expect(answer.isError).toBe(true);
        expect(answer.text).toContain(
          `OpenCode cannot work in ${directory}: it reads that path as ${join(sandbox.project, other)}, which is another one`,
        );
      }
    }
    expect(openCodeIn(sandbox.root)).toEqual([]);
    expect(model.requests).toEqual([]);
  });

  it('is refused also where it has become one since, or is a folder of ours', async () => {
    const {model, sandbox, open} = await setScene();
    Repository.create(sandbox.project, {home: sandbox.root});
    const client = await open({env: {OPENCODE_DELEGATE_DATA_DIR: join(sandbox.root, 'my%20data')}});
    const id = await client.delegate('Change it', {access: 'worktree'});
    expect((await client.read(id)).text).toMatch(/ · error · .*OpenCode cannot work in .*my%20data/s);
    const looking = await client.call('delegate', {prompt: 'Look', access: 'read-only'});
    expect(looking).toMatchObject({isError: true, text: expect.stringContaining('my%20data')});
    expect(model.requests).toEqual([]);
  });
});

describe('a directory with an unusual name', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({modelUrl: model.url, config: {permission: 'allow'}});
    client = await connect(sandbox);
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  it.each(FITTING)('is the one that is worked in, and looked at: %s', async (name) => {
    const directory = folder(join(sandbox.root, 'places', name));
    model.script(({toolResults}): Reply => {
      const calls = [
        {tool: 'write', input: {filePath: 'here.txt', content: 'x'}},
        {tool: 'bash', input: {command: 'pwd', description: 'where'}},
      ];
      return calls[toolResults.length] ?? {text: toolResults.at(-1) ?? ''};
    });
    const read = await client.read(await client.delegate('Where are you?', {directory}));
    expect(read.blocks[0]).toContain('Files changed: here.txt');
    expect(read.blocks[1]?.trim()).toBe(directory.trim());
    expect(existsSync(join(directory, 'here.txt'))).toBe(true);

    model.script(({toolResults}) =>
      toolResults.length === 0
        ? {tool: 'read', input: {filePath: 'which.txt'}}
        : {text: toolResults[0] ?? ''},
    );
    const id = await client.delegate('Which one is it?', {directory, access: 'read-only'});
    expect((await client.read(id)).blocks[1]).toContain(readFileSync(join(directory, 'which.txt'), 'utf8'));
  });

  it('may be given as a link, and files are named as they lie in it', async () => {
    const directory = folder(join(sandbox.root, 'places', 'real'));
    const link = join(sandbox.root, 'places', 'link');
    symlinkSync(directory, link);
    model.script(({toolResults}) =>
      toolResults.length === 0
        ? {tool: 'write', input: {filePath: 'sub/new.txt', content: 'x'}}
        : {text: 'written'},
    );
    const read = await client.read(await client.delegate('Write', {directory: link}));
    expect(read.blocks[0]).toContain('Files changed: sub/new.txt');
  });
});

describe('a session', () => {
  /** What a run would ask for, of a server that has looked at nothing before. */
  async function serverOf(sandbox: Sandbox): Promise<OpenCodeServer> {
    const server = await OpenCodeServer.start({
      binary: join(NPM_BIN, 'opencode'),
      ...{env: sandbox.env, cwd: sandbox.dataDir, use: 'work', isAnswered: false, readOnlyTools: []},
      worktrees: join(sandbox.dataDir, '.worktrees'),
      log: createLogger({level: 'error', write: () => {}}),
      conceal: (text) => text,
    });
    onTestFinished(() => server.stop());
    return server;
  }

  const work = {
    ...{delegationId: 'calm-red-fox', agent: 'build', model: 'scripted/model', prompt: 'p', title: 't'},
    deadline: Number.MAX_SAFE_INTEGER,
  };

  it('that OpenCode has opened elsewhere, or moved, is never prompted', async () => {
    const {sandbox} = await setScene();
    const [asked, other] = ['my%20app', 'my app'].map((name) => folder(join(sandbox.root, name)));
    if (asked === undefined || other === undefined) throw new Error('no folders');
    const {client} = await serverOf(sandbox);
    const readOnlyTools: string[] = [];
    const request = {...work, directory: asked, access: 'agent'} as const;
    const elsewhere = `OpenCode would work in ${other}, and not in ${asked}`;
    await expect(createSession(client, request, {readOnlyTools})).rejects.toThrow(elsewhere);
    // The rules of a session that may only read are not even asked for.
    const looking = createSession(client, {...request, access: 'read-only'}, {readOnlyTools});
    await expect(looking).rejects.toThrow(elsewhere);

    const {id} = await dataOf(client.session.create({directory: other, title: 't'}));
    for (const access of ['agent', 'read-only', 'worktree'] as const) {
      const held = holdSession(client, id, {request: {...request, access}, readOnlyTools});
      await expect(held).rejects.toThrow(elsewhere);
    }
    const kept = {...request, directory: other};
    expect(await holdSession(client, id, {request: kept, readOnlyTools})).toEqual({});
  });
});
