import {existsSync, mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {createGate} from '../support/gate.ts';
import {killAll} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';

/** What an earlier version called the projects of all that have this root commit. */
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** Leaves a data folder as an earlier version would have it: one project, and nothing written down. */
function asEarlier({dataDir}: Sandbox): void {
  for (const folder of [dataDir, join(dataDir, '.open')]) {
    for (const name of readdirSync(folder)) {
      const renamed = name.replace(/(^|@)[\w]+-[0-9a-f]{8}$/, `$1${COMMIT}`);
      if (renamed === name) continue;
      if (folder === dataDir) mkdirSync(join(folder, renamed), {recursive: true});
      const inner = folder === dataDir ? readdirSync(join(folder, name)) : [''];
      for (const file of inner) renameSync(join(folder, name, file), join(folder, renamed, file));
    }
  }
  rmSync(join(dataDir, '.projects'), {recursive: true});
}

describe('the delegations of a project', () => {
  it('are found after an upgrade, ended or not, and by nobody else who began with the same commit', async () => {
    const gate = createGate();
    const {sandbox, open} = await setScene(
      async ({prompt}) => {
        if (prompt !== 'ended') await gate.opened;
        return {text: `answer to ${prompt}`};
      },
      {env: {OPENCODE_DELEGATE_CONCURRENCY: '1'}},
    );
    const [shop, bar] = ['shop', 'bar'].map(
      (name) => Repository.create(join(sandbox.root, name), {home: sandbox.root}).path,
    );
    if (shop === undefined || bar === undefined) throw new Error('no repositories');
    const [inShop, inBar] = [await open({cwd: shop}), await open({cwd: bar})];
    const ended = await inShop.delegate('ended');
    const other = await inBar.delegate('ended');
    for (const [client, id] of [
      [inShop, ended],
      [inBar, other],
    ] as const) {
      expect((await client.read(id, {max_chars: 1})).text).toContain('completed');
    }
    await inBar.delegate('holds the slot');
    const waiting = await inShop.delegate('waits');
    await killAll(sandbox.root);
    asEarlier(sandbox);

    const later = await open({cwd: shop});
    const list = await later.call('delegation_list');
    expect(list.text).toContain(ended);
    expect(list.text).toContain(waiting);
    expect(list.text).not.toContain(other);
    expect((await later.read(other)).text).toContain(`No delegation "${other}" in this project`);
    gate.open();
    const read = await later.read(waiting);
    expect(read.blocks[1]).toBe('answer to waits');
    expect(read.blocks[0]).toContain(`Artifact: ${join(sandbox.dataDir, COMMIT, waiting)}.md`);
    // What has been read is not unread again at the end of the very same answer.
    expect((await later.read(ended)).text).not.toContain('Ended and not read yet');
    const again = await later.call('delegate', {continue: ended, prompt: 'go on'});
    expect(again.isError).toBe(false);
    const next = again.text.split(' ')[0] ?? '';
    expect((await later.read(next)).blocks[0]).toMatch(/Artifact: .*\/shop-[0-9a-f]{8}\//);
    const theirs = await (await open({cwd: bar})).call('delegation_list');
    expect(theirs.text).toContain(other);
    expect(theirs.text).not.toContain(ended);
  });

  it('go along with a repository that is moved, and are not those of another one in its place', async () => {
    const {sandbox, open} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}));
    const at = (name: string) => join(sandbox.root, name);
    const make = () => Repository.create(at('app'), {home: sandbox.root}).path;
    const delegated = async (prompt: string) => {
      const client = await open({cwd: at('app')});
      const id = await client.delegate(prompt);
      await client.read(id);
      return id;
    };
    make();
    const old = await delegated('old');
    renameSync(at('app'), at('app-old'));
    make();
    const recent = await delegated('recent');
    for (const [place, own, other] of [
      ['app', recent, old],
      ['app-old', old, recent],
    ] as const) {
      const client = await open({cwd: at(place)});
      const {text} = await client.call('delegation_list');
      expect(text).toContain(own);
      expect(text).not.toContain(other);
      expect((await client.read(other)).text).toContain(`No delegation "${other}" in this project`);
    }
    rmSync(at('app-old'), {recursive: true});
    const folder = readdirSync(sandbox.dataDir).find((name) =>
      existsSync(join(sandbox.dataDir, name, `${old}.md`)),
    );
    const client = await open({cwd: join(sandbox.dataDir, folder ?? '')});
    expect((await client.call('delegation_list')).text).toContain(old);
    expect((await client.read(old)).blocks[1]).toBe('answer to old');
  });

  it('are not those of another directory where the client has inherited a GIT_DIR', async () => {
    const {sandbox, open} = await setScene(() => ({text: 'done'}));
    const {path} = Repository.create(join(sandbox.root, 'shop'), {home: sandbox.root});
    const env = {GIT_DIR: join(path, '.git'), GIT_WORK_TREE: path};
    const id = await (await open({cwd: path, env})).delegate('Look');
    const other = await open({env});
    expect((await other.call('delegation_list')).text).not.toContain(id);
  });
});
