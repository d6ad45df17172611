import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Delegations} from '../../src/delegation/delegations.ts';
import type {Access} from '../../src/delegation/model/access.ts';
import {NO_STATS} from '../../src/delegation/model/delegation.ts';
import type {Environment} from '../../src/delegation/model/ports.ts';
import type {DelegationView} from '../../src/delegation/model/view.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import type {FakeRunner, FakeStore} from '../support/fakes.ts';

let root: string;
let runner: FakeRunner;
let store: FakeStore;
let delegations: Delegations;
let environment: Environment;

function start({serialWriters = false, limits = new Map<string, number>()} = {}): void {
  ({runner, store, delegations, environment} = fakeDelegations({environment: {serialWriters}, limits}));
}

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-writers-')));
  for (const folder of ['shop/web', 'shop-2', 'other']) mkdirSync(join(root, folder), {recursive: true});
  symlinkSync(join(root, 'shop'), join(root, 'alias'));
  start();
});

afterEach(() => rmSync(root, {recursive: true}));

/** Lets everything happen that needs no time. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

interface Given {
  readonly access?: Access;
  readonly model?: string;
}

async function delegate(prompt: string, folder: string, given: Given = {}): Promise<DelegationView> {
  const view = await delegations.delegate({
    ...{project: 'project', environment, directory: join(root, folder), prompt, timeoutMinutes: 15, ...given},
    client: {name: 'c', version: '1'},
  });
  await settled();
  return view;
}

async function complete(prompt: string, filesChanged: readonly string[] = []): Promise<void> {
  runner.of(prompt).complete('done', {...NO_STATS, filesChanged});
  await settled();
}

describe('a second writer', () => {
  it.each(['shop', 'shop/web', '.', 'alias'])(
    'in %s is told of the first, which is in shop',
    async (folder) => {
      const first = await delegate('first', 'shop');
      const second = await delegate('second', folder);
      expect(first.delegation.notes).toBeUndefined();
      expect(second.delegation.notes).toEqual([
        `Also at work in this directory, and free to write: ${first.delegation.id}. access "read-only" or "worktree" keeps delegations apart.`,
      ]);
      expect(runner.prompts).toEqual(['first', 'second']);
      await complete('second');
      expect(store.stored(second.delegation.id)?.notes).toEqual(second.delegation.notes);
    },
  );

  it.each(['shop-2', 'other'])('in %s has nothing to do with the first', async (folder) => {
    await delegate('first', 'shop');
    expect((await delegate('second', folder)).delegation.notes).toBeUndefined();
  });

  it('is told nothing when the first has ended, or when one of the two cannot write there', async () => {
    await delegate('first', 'shop');
    await complete('first');
    expect((await delegate('second', 'shop')).delegation.notes).toBeUndefined();
    expect((await delegate('third', 'shop', {access: 'read-only'})).delegation.notes).toBeUndefined();
    expect((await delegate('fourth', 'shop', {access: 'worktree'})).delegation.notes).toEqual(['A note.']);
    await complete('second');
    expect((await delegate('fifth', 'shop')).delegation.notes).toBeUndefined();
  });
});

describe('a file that two have changed', () => {
  it('is named in both results, as each of them names it', async () => {
    const first = (await delegate('first', 'shop')).delegation.id;
    const second = (await delegate('second', 'shop/web')).delegation.id;
    await complete('first', ['web/page.ts', 'a.ts']);
    expect(store.stored(first)?.alsoChanged).toBeUndefined();
    await complete('second', ['page.ts', 'b.ts']);
    expect(store.stored(first)?.alsoChanged).toEqual([{file: 'web/page.ts', by: second}]);
    expect(store.stored(second)?.alsoChanged).toEqual([{file: 'page.ts', by: first}]);
  });

  it('is named in a result that was read already, which stays read', async () => {
    const first = (await delegate('first', 'shop')).delegation.id;
    const second = (await delegate('second', 'shop')).delegation.id;
    await complete('first', ['a.ts']);
    await delegations.markRead((await delegations.get('project', first)).delegation);
    await complete('second', ['a.ts']);
    expect(store.stored(first)).toMatchObject({
      readAt: expect.any(Number),
      alsoChanged: [{file: 'a.ts', by: second}],
    });
    expect(store.stored(second)?.alsoChanged).toEqual([{file: 'a.ts', by: first}]);
  });

  it('is named for each of several, and for a cancelled one as well', async () => {
    const ids = [];
    for (const prompt of ['first', 'second', 'third'])
      ids.push((await delegate(prompt, 'shop')).delegation.id);
    const [first = '', second = '', third = ''] = ids;
    await complete('first', ['a.ts']);
    runner.of('second').produce('half', {...NO_STATS, filesChanged: ['a.ts']});
    await delegations.cancel('project', second);
    await complete('third', ['a.ts']);
    const by = (id: string) => ({file: 'a.ts', by: id});
    expect(store.stored(first)?.alsoChanged).toEqual([by(second), by(third)]);
    expect(store.stored(second)?.alsoChanged).toEqual([by(first), by(third)]);
    expect(store.stored(third)?.alsoChanged).toEqual([by(first), by(second)]);
  });

  it('is not named where they ran one after the other', async () => {
    const first = (await delegate('first', 'shop')).delegation.id;
    await complete('first', ['a.ts']);
    const second = (await delegate('second', 'shop')).delegation.id;
    await complete('second', ['a.ts']);
    expect([first, second].map((id) => store.stored(id)?.alsoChanged)).toEqual([undefined, undefined]);
  });
});

describe('where writers run one after the other', () => {
  beforeEach(() => start({serialWriters: true}));

  it('the second waits for the first to have stopped, and is told so', async () => {
    const first = await delegate('first', 'shop');
    const {waiting, delegation} = await delegate('second', 'shop/web');
    expect(delegation.state.status).toBe('queued');
    expect(waiting).toEqual({place: 1, reason: {is: 'other writer', id: first.delegation.id}});
    expect(delegation.notes).toBeUndefined();
    runner.of('first').stopGate.hold();
    await complete('first');
    expect(runner.prompts).toEqual(['first']);
    runner.of('first').stopGate.release();
    await settled();
    expect(runner.prompts).toEqual(['first', 'second']);
  });

  it('nobody else waits: not readers, not worktrees, not those in other directories', async () => {
    await delegate('first', 'shop');
    await delegate('second', 'shop');
    await delegate('reader', 'shop', {access: 'read-only'});
    await delegate('branch', 'shop', {access: 'worktree'});
    await delegate('elsewhere', 'other');
    expect(runner.prompts).toEqual(['first', 'reader', 'branch', 'elsewhere']);
  });

  it('they keep their order', async () => {
    for (const prompt of ['first', 'second', 'third']) await delegate(prompt, 'shop');
    await complete('first');
    await complete('second');
    expect(runner.prompts).toEqual(['first', 'second', 'third']);
  });

  it('one that waits can be cancelled', async () => {
    await delegate('first', 'shop');
    const {delegation} = await delegate('second', 'shop');
    await delegations.cancel('project', delegation.id);
    await complete('first');
    expect(runner.prompts).toEqual(['first']);
  });

  it('one that waits takes no slot of its provider', async () => {
    start({serialWriters: true, limits: new Map([['scripted', 2]])});
    await delegate('first', 'shop');
    await delegate('second', 'shop');
    await delegate('elsewhere', 'other');
    expect(runner.prompts).toEqual(['first', 'elsewhere']);
  });
});
