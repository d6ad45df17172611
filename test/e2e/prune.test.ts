import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it, onTestFinished} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

let model: ScriptedModel;
let sandbox: Sandbox;
let repository: Repository;
let client: TestClient;
const gate = createGate();

beforeAll(async () => {
  model = await ScriptedModel.start(async ({prompt, toolResults}): Promise<Reply> => {
    if (prompt.startsWith('Write') && toolResults.length === 0)
      return {tool: 'write', input: {filePath: `${prompt.split(' ')[1]}.txt`, content: 'new\n'}};
    if (prompt === 'Go on') await gate.opened;
    return {text: 'Done.'};
  });
  sandbox = createSandbox({modelUrl: model.url, config: {permission: 'allow'}});
  repository = Repository.create(sandbox.project, {home: join(sandbox.root, 'home')});
  client = await connect(sandbox);
});

afterAll(async () => {
  gate.open();
  await client.close();
  await sandbox.remove();
  await model.close();
});

const command = (...args: readonly string[]) => runCommand(sandbox, args);

async function delegated(prompt: string, access: 'agent' | 'worktree' = 'agent'): Promise<string> {
  const id = await client.delegate(prompt, {access});
  await command('wait', id);
  return id;
}

it('what is old goes with its worktree, and what somebody may need stays', async () => {
  const [read, merged, open, unread, continued] = await Promise.all([
    delegated('Look'),
    delegated('Write one', 'worktree'),
    delegated('Write two', 'worktree'),
    delegated('Nobody reads this'),
    delegated('Look again'),
  ]);
  for (const id of [read, merged, open, continued]) await client.read(id);
  repository.git('merge', '--quiet', `delegation/${merged}`);
  const {stdout: next} = await command('continue', continued, 'Go on');
  onTestFinished(() => gate.open());
  const artifact = artifactOf(sandbox, read);

  expect(await command('prune')).toMatchObject({exitCode: 0, stdout: 'Nothing is that old.'});
  const dry = await command('prune', '--older-than', '0s');
  expect(dry.stdout).toMatch(/^Would free: 2 records and 1 worktree, [\d.]+ k?B\n/);
  expect(dry.stdout).toMatch(
    /\nKept, although old: 1 not read, 1 gone on with, 1 with work that is not merged\nTo do it, add --yes\.$/,
  );
  expect(existsSync(artifact)).toBe(true);

  const {stdout, stderr, exitCode} = await command('prune', '--older-than', '0s', '--yes', '--json');
  expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''});
  const {delegations, bytes, kept} = JSON.parse(stdout);
  expect(delegations.map(({id}: {id: string}) => id).sort()).toEqual([merged, read].sort());
  expect(bytes).toBeGreaterThan(0);
  expect(kept).toEqual({'not read': 1, 'gone on with': 1, 'with work that is not merged': 1});
  expect(existsSync(artifact)).toBe(false);
  expect(repository.git('branch', '--format=%(refname:short)', '--list', 'delegation/*')).toBe(
    `delegation/${open}`,
  );
  // The host that runs has nothing of them in mind.
  const listed = await client.call('delegation_list', {});
  for (const id of [open, unread, continued, next]) expect(listed.text).toContain(id);
  for (const id of [read, merged]) expect(listed.text).not.toContain(id);

  expect(await command('prune', '--older-than', 'long')).toMatchObject({exitCode: 2});
  expect(await command('prune', '--yes', '--dry-run')).toMatchObject({exitCode: 2});
});
