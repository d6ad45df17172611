import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {SECRET} from '../support/temptations.ts';

const SWAPPER = fileURLToPath(new URL('../support/swapper.js', import.meta.url));
/** Each is some calls at once. Without a second look, one in six leads outside. */
const ROUNDS = 12;

let model: ScriptedModel;
let sandbox: Sandbox;
let client: TestClient;
let swapper: ChildProcess;

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = createSandbox({modelUrl: model.url, config: {permission: 'allow'}});
  const {root, project} = sandbox;
  new Repository(root, root).write({
    'beside/page.txt': `${SECRET} beside\n`,
    [`beside/${SECRET}.txt`]: `${SECRET} beside\n`,
    'beside/AGENTS.md': `${SECRET} beside`,
  });
  new Repository(project, root).write({
    'inside/page.txt': 'inside\n',
    'inside/AGENTS.md': 'Be kind.',
    'notes/page.txt': 'a note\n',
    'notes/AGENTS.md': 'Be kind.',
  });
  writeFileSync(join(root, 'beside/dot.png'), picture(`${SECRET} beside`));
  for (const folder of ['inside', 'notes'])
    writeFileSync(join(project, folder, 'dot.png'), picture('inside'));
  const links = [
    [join(project, 'folder'), join(project, 'inside'), join(root, 'beside')],
    [join(project, 'file.txt'), join(project, 'inside/page.txt'), join(root, 'beside/page.txt')],
    [join(project, 'notes/AGENTS.md'), join(project, 'inside/AGENTS.md'), join(root, 'beside/AGENTS.md')],
  ];
  swapper = spawn(process.execPath, [SWAPPER, ...links.flat()], {stdio: ['pipe', 'pipe', 'inherit']});
  await once(swapper.stdout ?? swapper, 'data');
  client = await connect(sandbox);
});

afterAll(async () => {
  const ended = once(swapper, 'exit');
  swapper.stdin?.end();
  await ended;
  await client.close();
  await model.close();
  await sandbox.remove();
});

it('a read-only delegation is not led outside by links that change while it reads and searches', async () => {
  const tools = [
    {tool: 'read', input: {filePath: 'folder/page.txt'}},
    {tool: 'read', input: {filePath: 'file.txt'}},
    {tool: 'read', input: {filePath: 'folder'}},
    {tool: 'read', input: {filePath: 'folder/dot.png'}},
    {tool: 'read', input: {filePath: 'notes/page.txt'}},
    {tool: 'read', input: {filePath: 'notes/dot.png'}},
    {tool: 'grep', input: {pattern: 'side', path: 'folder'}},
    {tool: 'glob', input: {pattern: '*.txt', path: 'folder'}},
  ];
  const seen: string[] = [];
  let results: readonly string[] = [];
  model.script(({messages, toolResults}): Reply => {
    seen.push(JSON.stringify(messages));
    results = toolResults;
    return toolResults.length < ROUNDS * tools.length ? {tools} : {text: 'I have tried it all'};
  });
  const id = await client.delegate('Look around', {access: 'read-only'});
  const read = await client.read(id);
  expect(read.blocks[0]).toContain(' · completed · ');
  expect(results).toHaveLength(ROUNDS * tools.length);
  const encoded = Buffer.from(`${SECRET} b`).toString('base64').slice(0, 8);
  for (const canary of [SECRET, encoded]) {
    expect(seen.filter((text) => text.includes(canary))).toEqual([]);
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).not.toContain(canary);
  }
  // It was a race, and what nobody had touched was seen.
  for (const words of ['must not be read', '1: a note', 'Image read successfully'])
    expect(results.filter((text) => text.includes(words)).length, words).toBeGreaterThan(0);
});

/** As far as anybody looks; what is in it begins where a group of three bytes does. */
function picture(content: string): Buffer {
  return Buffer.concat([Buffer.from('89504e470d0a1a0a00', 'hex'), Buffer.from(content)]);
}
