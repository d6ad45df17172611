import {existsSync, mkdirSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';
import {earlierNameOf} from '../../src/store/projects/names.ts';
import {renderRecord} from '../../src/store/record/record.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';
import {ProjectStage} from '../support/project-stage.ts';

let stage: ProjectStage;
let root: string;
let data: string;

beforeEach(() => {
  stage = new ProjectStage();
  ({root, data} = stage);
});

const store = () => stage.store();
const folder = (name: string) => stage.folder(name);
const repository = (name: string) => stage.repository(name);

describe('what an earlier version has put under another name', () => {
  const COMMIT = '0123456789abcdef0123456789abcdef01234567';
  const ids = ['swift-amber-otter', 'calm-red-fox', 'loud-blue-bear', 'shy-green-owl', 'old-grey-cat'];

  function put(project: string, n: number, directory: string): string {
    const id = ids[n] ?? '';
    mkdirSync(join(data, project), {recursive: true});
    const record = aDelegation({id, project, directory, createdAt: n, state: anEnd(), text: `answer ${n}`});
    writeFileSync(join(data, project, `${id}.md`), renderRecord(record));
    // What has just changed is looked at again.
    for (const path of [`${id}.md`, '.']) utimesSync(join(data, project, path), 1_700_000_000, 1_700_000_000);
    return id;
  }

  it('is listed and read where it was done, and by nobody else: by those of one template not each other’s', async () => {
    const [shop, bar, notes] = [repository('shop').path, repository('bar').path, folder('notes')];
    const inShop = [
      put(COMMIT, 0, shop),
      put(earlierNameOf(folder('shop/src')), 1, join(shop, 'src')),
      put(COMMIT, 2, join(root, 'a clone that is gone')),
    ];
    const inBar = put(COMMIT, 3, bar);
    const inNotes = put(earlierNameOf(notes), 4, notes);

    for (const [place, expected] of [
      [shop, inShop],
      [bar, [inBar, inShop[2]]],
      [notes, [inNotes]],
    ] as const) {
      // And again by a process that has it from what is written down.
      for (const one of [store(), store()]) {
        const project = await one.projectOf(place);
        const {heads} = await one.list(project);
        expect(heads.map(({id}) => id).sort()).toEqual([...expected].sort());
        expect(await one.list(project)).toBe(await one.list(project));
        expect((await one.peek(project))?.heads).toHaveLength(expected.length);
        for (const [n, id] of ids.entries()) {
          const isTheirs = expected.some((own) => own === id);
          expect((await one.read(project, id))?.text).toBe(isTheirs ? `answer ${n}` : undefined);
        }
      }
    }
  });

  it('stays where it is, is changed there, and stands beside what is new', async () => {
    const shop = repository('shop').path;
    const old = put(COMMIT, 0, shop);
    const one = store();
    const project = await one.projectOf(shop);
    expect(project).toMatch(/^shop-/);
    await one.create(aDelegation({id: 'new-pink-pig', project, directory: shop, createdAt: 9}));
    expect((await one.list(project)).heads.map(({id}) => id)).toEqual(['new-pink-pig', old]);
    const record = await one.read(project, old);
    if (record === undefined) throw new Error('it is not found');
    expect(record.project).toBe(COMMIT);
    await one.write({...record, readAt: 10});
    expect((await one.list(project)).unread).toEqual([]);
    expect(existsSync(one.artifact(COMMIT, old))).toBe(true);
  });
});
