import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {canConfine} from '../support/confinement.ts';
import {Repository} from '../support/repository.ts';
import {type Scene, setScene} from '../support/scene.ts';
import type {Reply} from '../support/scripted-model.ts';
import {NO_COMMIT, writtenRepository} from '../support/written-repository.ts';

/** Has the agent call these tools, one after the other. */
function script({model}: Scene, calls: readonly Reply[]): void {
  model.script(({toolResults}) => calls[toolResults.length] ?? {text: `Done: ${toolResults.join(' | ')}`});
}

function shell(command: string): Reply {
  return {tool: 'bash', input: {command, description: 'a command'}};
}

it('what an agent without a shell writes into the folder of a submodule runs nothing', async () => {
  const scene = await setScene();
  const {sandbox, open} = scene;
  const mark = join(sandbox.root, 'mark');
  const repository = Repository.create(sandbox.project, {home: sandbox.root});
  repository.git('update-index', '--add', '--cacheinfo', `160000,${NO_COMMIT},sub`);
  repository.git('commit', '--quiet', '-m', 'with a submodule');
  const files = Object.entries(writtenRepository(mark)).map(([name, content]) => [`sub/${name}`, content]);
  const calls = [...files, ['other.txt', 'other\n']].map(([filePath, content]) => ({
    tool: 'write',
    input: {filePath, content},
  }));
  script(scene, calls);
  const client = await open();
  const id = await client.delegate('Write it', {access: 'worktree'});
  const {text} = await client.read(id);
  expect(existsSync(mark)).toBe(false);
  expect(text).toContain('Files changed: other.txt');
  expect(text).toMatch(/^Not looked into, .*: sub\./m);
  expect(text.match(/Wrote file successfully/g)).toHaveLength(calls.length);
});

describe.runIf(canConfine)('out of a sandbox', () => {
  const {TMPDIR} = process.env;

  beforeAll(() => {
    process.env.TMPDIR = '/var/tmp';
  });

  afterAll(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });

  it('no repository that an agent makes, and changes later, has our git run its commands', async () => {
    const scene = await setScene(undefined, {env: {OPENCODE_DELEGATE_SANDBOX: 'no-network'}});
    const {sandbox, open} = scene;
    sandbox.configure({...sandbox.config, permission: 'allow'});
    Repository.create(sandbox.project, {home: sandbox.root});
    const mark = join(sandbox.env.HOME ?? '', 'mark');
    const evil = String.raw`printf '* filter=e\377\n' > .gitattributes; printf '[filter "e\377"]\n clean = "touch ${mark}; cat"\n' >> .git/config; echo y > f`;
    script(scene, [
      shell(`touch '${mark}' || echo refused`),
      shell(
        `git init -q sub && cd sub && echo x > f && git add f && git -c user.name=a -c user.email=a@b commit -qm s; ${evil}`,
      ),
    ]);
    const client = await open();
    const first = await client.delegate('Make one', {access: 'worktree'});
    const {text} = await client.read(first);
    expect(text).toContain('refused');
    expect(text).toContain('Files changed: sub');
    script(scene, [
      shell(`echo more > other.txt; cd sub; echo '* filter=evil' > .gitattributes; echo more > f`),
      shell(`cd sub; git config filter.evil.clean 'touch ${mark}; cat'`),
    ]);
    const second = await client.delegate('Change it', {continue: first});
    expect((await client.read(second)).text).toContain('Files changed: other.txt');
    expect(existsSync(mark)).toBe(false);
  });
});
