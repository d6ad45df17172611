import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import type {Delegation, DelegationHead} from '../../src/delegation/model/delegation.ts';
import type {Store} from '../../src/delegation/model/ports.ts';
import {Words} from '../../src/store/files/words.ts';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {aDelegation, anEnd, FakeLog, FakeStore} from '../support/fakes.ts';
import {createGate} from '../support/gate.ts';

const [OTTER, HERON, FOX] = ['swift-amber-otter', 'calm-blue-heron', 'brave-red-fox'] as const;
const PROJECT = 'project';

/** A store under test, and how another process leaves word that a result was read. */
interface Made {
  readonly store: Store;
  readonly leaveRead: (id: string) => Promise<void>;
}

function markdown(): Made {
  const root = mkdtempSync(join(tmpdir(), 'opencode-delegate-port-'));
  onTestFinished(() => rmSync(root, {recursive: true, force: true}));
  return {
    store: new MarkdownStore({root, log: new FakeLog()}),
    leaveRead: (id) => new Words(root, 'read').add({project: PROJECT, id}),
  };
}

function fake(): Made {
  const store = new FakeStore();
  return {store, leaveRead: async (id) => void store.readWords.push({project: PROJECT, id})};
}

const at = (id: string, minute: number, given: Partial<Delegation> = {}): Delegation =>
  aDelegation({id, createdAt: Date.UTC(2026, 0, 2, 3, minute), ...given});
const idsOf = (heads: readonly DelegationHead[]) => heads.map(({id}) => id);

/** What the domain relies on, whoever keeps its records. */
describe.each([
  ['on disk', markdown],
  ['in memory', fake],
])('a store %s', (_, make) => {
  let store: Store;
  let leaveRead: Made['leaveRead'];

  beforeEach(() => {
    ({store, leaveRead} = make());
  });

  it('gives back a record as it was stored', async () => {
    const record = at(OTTER, 1, {prompt: 'Do it.\n---\n# all', text: 'Done.\n', state: anEnd()});
    expect(await store.create(record)).toBe(true);
    expect(await store.read(PROJECT, OTTER)).toEqual(record);
    expect(await store.read(PROJECT, HERON)).toBeUndefined();
    expect(await store.read('another', OTTER)).toBeUndefined();
  });

  it('replaces a record whole', async () => {
    await store.create(at(OTTER, 1));
    const ended = at(OTTER, 1, {state: anEnd(), text: 'Done.'});
    await store.write(ended);
    expect(await store.read(PROJECT, OTTER)).toEqual(ended);
  });

  it('lists what a project has, newest first, with what is open and what is unread', async () => {
    await store.create(at(HERON, 2));
    await store.create(at(OTTER, 1, {state: anEnd()}));
    await store.create(at(FOX, 3, {state: anEnd(), readAt: Date.UTC(2026, 0, 2, 4)}));
    const {heads, open, unread} = await store.list(PROJECT);
    expect(idsOf(heads)).toEqual([FOX, HERON, OTTER]);
    expect(idsOf(open)).toEqual([HERON]);
    expect(idsOf(unread)).toEqual([OTTER]);
    expect(heads[0]).not.toHaveProperty('prompt');
    expect(await store.peek(PROJECT)).toEqual({heads, open, unread});
    expect((await store.list('another')).heads).toEqual([]);
  });

  it('answers with the same listing for as long as nothing changes', async () => {
    await store.create(at(OTTER, 1));
    const before = await store.list(PROJECT);
    expect(await store.list(PROJECT)).toEqual(before);
    await store.write(at(OTTER, 1, {state: anEnd()}));
    expect((await store.list(PROJECT)).open).toEqual([]);
  });

  it('tells those that have no end, those of one project at a time', async () => {
    await store.create(at(OTTER, 1));
    await store.create(at(HERON, 2, {state: anEnd()}));
    await store.create(at(FOX, 3, {project: 'another'}));
    const told: [string | undefined, readonly string[]][] = [];
    for await (const heads of store.unfinished()) told.push([heads[0]?.project, idsOf(heads)]);
    expect(told.sort()).toEqual([
      ['another', [FOX]],
      [PROJECT, [OTTER]],
    ]);
  });

  it('lets one act on a record at a time, and others at once on others', async () => {
    const [begun, end] = [createGate(), createGate()];
    const held = store.exclusively(PROJECT, OTTER, async () => {
      begun.open();
      await end.opened;
      return 'first';
    });
    await begun.opened;
    expect(await store.exclusively(PROJECT, OTTER, async () => 'second')).toBeUndefined();
    expect(await store.exclusively(PROJECT, HERON, async () => 'other')).toBe('other');
    end.open();
    expect(await held).toBe('first');
    expect(await store.exclusively(PROJECT, OTTER, async () => 'after')).toBe('after');
  });

  it('lets the next one act when the first has failed', async () => {
    const failing = store.exclusively(PROJECT, OTTER, async () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.exclusively(PROJECT, OTTER, async () => 'after')).toBe('after');
  });

  it('keeps word that one is to be cancelled until it is dropped, however often it was left', async () => {
    const named = {project: PROJECT, id: OTTER};
    expect(await store.cancels()).toEqual([]);
    await store.askToCancel(named);
    await store.askToCancel(named);
    expect(await store.cancels()).toEqual([named]);
    await store.dropCancel(named);
    await store.dropCancel(named);
    expect(await store.cancels()).toEqual([]);
  });

  it('keeps word that one was read until it is dropped', async () => {
    await leaveRead(OTTER);
    expect(await store.reads()).toEqual([{project: PROJECT, id: OTTER}]);
    await store.dropRead({project: PROJECT, id: OTTER});
    await store.dropRead({project: PROJECT, id: OTTER});
    expect(await store.reads()).toEqual([]);
  });

  it('knows what is of a project, and where a person finds a record', () => {
    expect(store.has(PROJECT, at(OTTER, 1))).toBe(true);
    expect(store.has('another', at(OTTER, 1))).toBe(false);
    expect(store.artifact(PROJECT, OTTER)).toMatch(/\/project\/swift-amber-otter\.md$/);
  });
});
