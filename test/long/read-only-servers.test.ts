import {chmodSync, existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {Repository} from '../support/repository.ts';
import {setScene} from '../support/scene.ts';
import {shareHome} from '../support/shared-home.ts';
import {MCP_WRITER} from '../support/temptations.ts';

const READ_ONLY = {access: 'read-only'};

describe('for a read-only delegation', () => {
  const home = shareHome({config: {mcp: {docs: {type: 'local', command: ['npx', '-y', 'docs-mcp']}}}});

  it.each([
    ['its packages', ['node_modules/.bin/docs-mcp'], {name: 'a'}],
    ['its name', ['run.sh'], {name: 'docs-mcp', version: '1.0.0', bin: {'docs-mcp': 'run.sh'}}],
  ])(
    'a project does not give its own program for the person’s server that npx starts: by %s',
    async (_, [program = ''], manifest) => {
      const {sandbox, model, open} = home.scene();
      const before = model.requests.length;
      const mark = join(dirname(sandbox.project), 'mark');
      const repository = Repository.create(sandbox.project, {
        home: sandbox.root,
        files: {
          [program]: `#!/bin/sh\necho "$PWD" >> '${mark}'\n`,
          'node_modules/docs-mcp/package.json': '{"name":"docs-mcp","version":"1.0.0","bin":"x"}',
          'package.json': JSON.stringify(manifest),
        },
      });
      chmodSync(join(sandbox.project, program), 0o755);
      repository.commit('a program');
      // Not at all, and where nothing of the project is.
      for (const tools of ['other_*', 'docs_*']) {
        const client = await open({env: {OPENCODE_DELEGATE_READONLY_TOOLS: tools}});
        const {text} = await client.read(await client.delegate('Look', READ_ONLY), {wait_seconds: 110});
        expect(text).toContain(' · completed · ');
      }
      expect(model.requests.length - before).toBe(2);
      expect(existsSync(mark)).toBe(false);
    },
  );

  it('none is started that is configured in the way of OpenCode 2', async () => {
    const {sandbox, open} = await setScene();
    const mark = join(sandbox.root, 'mark');
    const native = {type: 'local', command: ['sh', '-c', `pwd >> '${mark}'; exec node '${MCP_WRITER}'`]};
    sandbox.configure({...sandbox.config, mcp: {servers: {native}}});
    const client = await open();
    await client.read(await client.delegate('Look', READ_ONLY), {wait_seconds: 110});
    expect(existsSync(mark)).toBe(false);
    await client.read(await client.delegate('Work'), {wait_seconds: 110});
    expect(existsSync(mark)).toBe(true);
  });

  it('only local servers whose tools it keeps are started, in an empty folder unless you have given them one', async () => {
    const {sandbox, model, open} = await setScene();
    const {root} = sandbox;
    const told = (name: string) => join(root, `told-by-${name}`);
    const started = (name: string) => (existsSync(told(name)) ? readFileSync(told(name), 'utf8') : undefined);
    const server = (name: string, more: object = {}) => ({
      type: 'local',
      command: ['sh', '-c', `pwd > '${told(name)}'; ls -A >> '${told(name)}'; exec node '${MCP_WRITER}'`],
      ...more,
    });
    new Repository(root, root).write({'place/a.txt': 'a'});
    new Repository(sandbox.project, root).write({'near/b.txt': 'b'});
    sandbox.configure({
      ...sandbox.config,
      mcp: {
        kept: server('kept'),
        'my server': server('blank'),
        placed: server('placed', {cwd: join(root, 'place')}),
        near: server('near', {cwd: 'near'}),
        left: server('left'),
        keptnot: server('keptnot'),
      },
    });
    const called: Record<string, unknown> = {path: ''};
    model.script(({toolResults}) =>
      toolResults.length === 0 ? {tool: 'kept_look_up', input: called} : {text: toolResults.join()},
    );
    const client = await open({
      env: {OPENCODE_DELEGATE_READONLY_TOOLS: 'kept_look_up,my_server_*,placed_*,near_look_*'},
    });
    const {blocks} = await client.read(await client.delegate('Look', READ_ONLY), {wait_seconds: 110});
    expect(blocks[1]).toBe('look_up was called');
    for (const name of ['kept', 'blank', 'near'])
      expect(started(name)).toBe(`${join(sandbox.dataDir, '.empty')}\n`);
    expect(started('placed')).toBe(`${join(root, 'place')}\na.txt\n`);
    expect(
      readdirSync(root)
        .filter((name) => name.startsWith('told-by-'))
        .sort(),
    ).toEqual(['blank', 'kept', 'near', 'placed'].map((name) => `told-by-${name}`));
    // To others, they are what they are in OpenCode.
    model.script(() => ({text: 'done'}));
    await client.read(await client.delegate('Work'), {wait_seconds: 110});
    expect(started('left')).toBe(`${sandbox.project}\nnear\n`);
  });
});
