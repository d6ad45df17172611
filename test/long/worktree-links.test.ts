import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {Repository} from '../support/repository.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {type Scene, setScene} from '../support/scene.ts';
import type {Reply} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';

/** From where a worktree lies, `<home>/.local/share/opencode/delegations/worktrees/<project>/<id>`. */
const HOME = '../../../../../../..';
const RECORDS = '../../..';

/** OpenCode offers `apply_patch` to models of this name, and `write` and `edit` to all others. */
const PATCHING = 'scripted/gpt-5';

type Call = readonly [tool: string, input: Record<string, unknown>];

const write = (filePath: string): Call => ['write', {filePath, content: 'written\n'}];
const patch = (...lines: readonly string[]): Call => [
  'apply_patch',
  {patchText: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n')},
];

/** Agents that have no shell and may write anywhere else. */
const home = shareHome({
  models: ['model', 'gpt-5'],
  config: {permission: {'*': 'allow', bash: 'deny'}},
});

/** A repository with links of all kinds that lead out of it, to what is beside it and farther away. */
function linked(): Scene & {repository: Repository; beside: string} {
  const scene = home.scene();
  const {root, project} = scene.sandbox;
  const beside = dirname(project);
  new Repository(beside, root).write({'outside/there.txt': 'as it was\n'});
  const repository = Repository.create(project, {
    home: root,
    files: {'a.txt': 'as it was\n', 'sub/b.txt': 'as it was\n'},
  });
  const links = [
    ['conf', `${HOME}/.config/opencode`],
    ['notes.json', `${RECORDS}/.trusted.json`],
    ['checkout', project],
    ['out', join(beside, 'outside')],
    ['there.txt', join(beside, 'outside/there.txt')],
    ['not-yet.txt', join(beside, 'outside/not-yet.txt')],
    ['chain', 'sub/chain'],
    ['sub/chain', '../out'],
    ['within', 'sub'],
    ['loop', 'loop'],
  ] as const;
  for (const [name, target] of links) symlinkSync(target, join(project, name));
  repository.commit('links');
  return {...scene, repository, beside};
}

/** What must stay as it is, whatever an agent of a worktree tries. */
function stateOf({root, project, dataDir}: Sandbox): unknown {
  const read = (path: string) => readFileSync(path, 'utf8');
  const outside = join(dirname(project), 'outside');
  return {
    outside: readdirSync(outside).map((name) => [name, read(join(outside, name))]),
    configuration: readdirSync(join(root, 'home/.config/opencode')).filter((name) => name.startsWith('plug')),
    trusted: existsSync(join(dataDir, '.trusted.json')),
    checkout: [readdirSync(project), read(join(project, 'a.txt')), read(join(project, '.git/config'))],
    hooks: readdirSync(join(project, '.git/hooks')),
  };
}

/** Has the agent make these calls, one after the other, in a worktree. */
async function tryAll({model, open}: Scene, calls: readonly Call[], given: Record<string, unknown> = {}) {
  let results: readonly string[] = [];
  model.script(({toolResults}): Reply => {
    results = toolResults;
    const [tool, input] = calls[toolResults.length] ?? [];
    return tool === undefined || input === undefined ? {text: 'I have tried it all'} : {tool, input};
  });
  const client = await open();
  const id = await client.delegate('Go', {access: 'worktree', ...given});
  const [head = ''] = (await client.read(id)).blocks;
  expect(head).toContain(' · completed · ');
  expect(results).toHaveLength(calls.length);
  return {id, head, results};
}

describe('in a worktree', () => {
  it('no tool writes where a link leads that the repository has brought', async () => {
    const scene = linked();
    const before = stateOf(scene.sandbox);
    const refused: readonly Call[] = [
      write('conf/plugin/evil.js'),
      write('notes.json'),
      write('checkout/a.txt'),
      write('checkout/new.txt'),
      write('checkout/.git/config'),
      write('checkout/.git/hooks/post-checkout'),
      write('out/new.txt'),
      write('out/deep/er/new.txt'),
      write('there.txt'),
      write('not-yet.txt'),
      write('chain/new.txt'),
      write('sub/../out/new.txt'),
      ['edit', {filePath: 'there.txt', oldString: 'as it was', newString: 'changed'}],
      ['edit', {filePath: 'out/there.txt', oldString: 'as it was', newString: 'changed'}],
      ['edit', {filePath: 'out/new.txt', oldString: '', newString: 'made'}],
    ];
    const patches = [
      patch('*** Add File: out/patched.txt', '+x'),
      patch('*** Update File: there.txt', '@@', '-as it was', '+changed'),
      patch('*** Update File: a.txt', '*** Move to: out/moved.txt', '@@', '-as it was', '+changed'),
      patch('*** Delete File: out/there.txt'),
    ];
    for (const [calls, given] of [
      [refused, {}],
      [patches, {model: PATCHING}],
    ] as const) {
      const {head, results} = await tryAll(scene, calls, given);
      for (const [at, result] of results.entries())
        expect(result, JSON.stringify(calls[at])).toMatch(
          / leads out of the worktree, to .*Your worktree is where you may write/s,
        );
      expect(stateOf(scene.sandbox)).toEqual(before);
      expect(head).toMatch(/Refused: denied: (write conf\/plugin\/evil\.js|apply_patch)/);
      expect(head).toContain('nothing was changed in it');
    }
  });

  it('nor does a path that goes on from where a link leads, one that leads nowhere, nor one below its agent', async () => {
    const scene = linked();
    const {sandbox, model, open, beside} = scene;
    const before = stateOf(sandbox);
    let results: readonly string[] = [];
    let below: readonly string[] = [];
    model.script(({system, prompt, toolResults}): Reply => {
      const [, tree = ''] = /You work in (.*?), in a git worktree/.exec(system) ?? [];
      if (prompt === 'below') {
        below = toolResults;
        return toolResults.length > 0 ? {text: 'tried'} : {tool: 'write', input: write('out/new.txt')[1]};
      }
      results = toolResults;
      const calls: readonly Call[] = [
        write(`${tree}/out/../new.txt`),
        write(`${tree}/./out//new.txt`),
        write(`${tree}/loop`),
        ['task', {description: 'n', prompt: 'below', subagent_type: 'general'}],
      ];
      const [tool, input] = calls[toolResults.length] ?? [];
      return tool === undefined || input === undefined ? {text: 'tried'} : {tool, input};
    });
    const client = await open();
    const {blocks} = await client.read(await client.delegate('Go', {access: 'worktree'}));
    expect(results).toHaveLength(4);
    expect(results.slice(0, 2).join()).toMatch(/leads out of the worktree.*leads out of the worktree/s);
    expect(results[2]).toContain('ELOOP');
    expect(below.join()).toContain('leads out of the worktree');
    expect(existsSync(join(beside, 'new.txt'))).toBe(false);
    expect(stateOf(sandbox)).toEqual(before);
    expect(blocks[0]).toContain('nothing was changed in it');
  });

  it('a configuration may lie where a link leads, and OpenCode goes on without the files that it would put there', async () => {
    // A link out of the repository needs trust.
    const {sandbox, model, open} = await setScene(undefined, {env: {OPENCODE_DELEGATE_TRUST: 'all'}});
    const {root, project} = sandbox;
    const repository = Repository.create(project, {home: root});
    new Repository(root, root).write({'shared/agent/own.md': '---\nmode: primary\n---\nOwn words.'});
    symlinkSync(join(root, 'shared'), join(project, '.opencode'));
    repository.commit('a link');
    const client = await open();
    const work = async () => {
      const id = await client.delegate('Go', {access: 'worktree', agent: 'own'});
      expect((await client.read(id)).blocks[0]).toContain(' · completed · agent own · ');
    };
    await work();
    // Made when it was looked at what agents the checkout has.
    rmSync(join(root, 'shared', '.gitignore'));
    await work();
    expect(readdirSync(join(root, 'shared'))).toEqual(['agent']);
    expect(model.requests.at(-1)?.system).toContain('Own words.');
  });

  it('a link that stays inside is followed, one that leads out can be read and taken away, and what is outside has its own rules', async () => {
    const scene = linked();
    const {sandbox, repository, beside} = scene;
    mkdirSync(join(beside, 'elsewhere'));
    const {id, results} = await tryAll(scene, [
      write('within/c.txt'),
      ['edit', {filePath: 'within/b.txt', oldString: 'as it was', newString: 'changed'}],
      ['read', {filePath: 'there.txt'}],
      write(join(beside, 'elsewhere/new.txt')),
      write(join(sandbox.project, 'new.txt')),
    ]);
    expect(results[2]).toContain('as it was');
    const show = (path: string) => repository.git('show', `delegation/${id}:${path}`);
    expect([show('sub/c.txt'), show('sub/b.txt')]).toEqual(['written', 'changed']);
    const taken = await tryAll(scene, [patch('*** Delete File: there.txt')], {model: PATCHING});
    expect(repository.git('diff', '--name-status', 'HEAD', `delegation/${taken.id}`)).toBe('D\tthere.txt');
    expect(readFileSync(join(beside, 'outside/there.txt'), 'utf8')).toBe('as it was\n');
    expect(existsSync(join(beside, 'elsewhere/new.txt'))).toBe(true);
    expect(existsSync(join(sandbox.project, 'new.txt'))).toBe(false);
  });
});
