import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execaSync} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {renderRecord} from '../../src/store/record/record.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';

const IDS = ['swift-amber-otter', 'calm-blue-heron', 'brave-red-fox'] as const;
const AGES_AGO = new Date(Date.UTC(2026, 0));

let root: string;
let log: FakeLog;
let store: MarkdownStore;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opencode-delegate-unfinished-'));
  log = new FakeLog();
  store = new MarkdownStore({root, log});
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

const marksFolder = () => join(root, '.open');
const marks = () => (existsSync(marksFolder()) ? readdirSync(marksFolder()).sort() : []);
const nth = (n: number, given: Partial<Delegation> = {}) => aDelegation({id: IDS[n] ?? '', ...given});

/** By a process that has just started. */
async function found(): Promise<readonly (readonly string[])[]> {
  const batches: string[][] = [];
  const fresh = new MarkdownStore({root, log});
  for await (const heads of fresh.unfinished())
    batches.push(heads.map(({project, id}) => `${project}/${id}`));
  return batches;
}

/** A record as an earlier version has left it: without a mark. */
function plant(delegation: Delegation, content = renderRecord(delegation)): string {
  mkdirSync(join(root, delegation.project), {recursive: true});
  const path = store.artifact(delegation.project, delegation.id);
  writeFileSync(path, content);
  return path;
}

describe('the mark of a record without an end', () => {
  it('is made with the record, and removed when its end is stored', async () => {
    await store.create(nth(0));
    expect(marks()).toEqual([`${IDS[0]}@project`, '@project'].sort());
    await store.write(nth(0, {state: {status: 'running', startedAt: 1}}));
    expect(await found()).toEqual([[`project/${IDS[0]}`]]);
    await store.write(nth(0, {state: anEnd()}));
    expect(marks()).toEqual(['@project']);
    expect(await found()).toEqual([]);
  });

  it('stays when its end could not be stored', async () => {
    await store.create(nth(0));
    rmSync(join(root, 'project'), {recursive: true});
    writeFileSync(join(root, 'project'), 'a file in the place of the folder');
    await expect(store.write(nth(0, {state: anEnd()}))).rejects.toThrow();
    expect(marks()).toContain(`${IDS[0]}@project`);
  });

  it('is not left where the record could not be stored', async () => {
    await store.create(nth(0, {state: anEnd()}));
    await store.write(nth(0, {state: anEnd()}));
    // As the name of a mark it is short enough, and too long for a file that is written beside the record.
    await expect(store.create(nth(1, {id: 'x'.repeat(240)}))).rejects.toThrow();
    expect(marks()).toEqual(['@project']);
  });

  it('is all that is looked at, whatever else the project has', async () => {
    await store.create(nth(0));
    plant(nth(1), 'not looked at, or else it would be logged');
    expect(await found()).toEqual([[`project/${IDS[0]}`]]);
    expect(log.lines).toEqual([]);
  });

  it('brings the records of one project at a time', async () => {
    await store.create(nth(0, {project: 'one'}));
    await store.create(nth(1, {project: 'two'}));
    await store.create(nth(2, {project: 'one'}));
    const batches = await found();
    expect(batches.map((batch) => [...batch].sort()).sort()).toEqual([
      [`one/${IDS[2]}`, `one/${IDS[0]}`],
      [`two/${IDS[1]}`],
    ]);
  });

  it('is removed by the one who sees that the record has ended', async () => {
    await store.create(nth(0));
    plant(nth(0, {state: anEnd()}));
    expect(await found()).toEqual([]);
    expect(marks()).toEqual(['@project']);
  });

  it('is removed when the record is gone, but not so early that the record may not be there yet', async () => {
    await store.create(nth(0));
    rmSync(store.artifact('project', IDS[0]));
    expect(await found()).toEqual([]);
    expect(marks()).toContain(`${IDS[0]}@project`);
    utimesSync(join(marksFolder(), `${IDS[0]}@project`), AGES_AGO, AGES_AGO);
    expect(await found()).toEqual([]);
    expect(marks()).toEqual(['@project']);
  });

  it('stays while the record cannot be understood, which a person can mend', async () => {
    await store.create(nth(0));
    plant(nth(0), 'hello');
    utimesSync(join(marksFolder(), `${IDS[0]}@project`), AGES_AGO, AGES_AGO);
    expect(await found()).toEqual([]);
    plant(nth(0));
    expect(await found()).toEqual([[`project/${IDS[0]}`]]);
  });

  it('is not needed for the record: where none can be written, that is logged', async () => {
    writeFileSync(marksFolder(), 'a file in the place of the folder');
    expect(await store.create(nth(0))).toBe(true);
    expect(log.lines).toEqual([
      expect.stringContaining(`${IDS[0]}: that it has no end yet could not be marked`),
    ]);
    expect(await found()).toEqual([[`project/${IDS[0]}`]]);
  });

  it('has a name that nobody can make lead elsewhere', async () => {
    mkdirSync(marksFolder());
    for (const name of ['x', '@', `${IDS[0]}@`, `${IDS[0]}@..`, 'nonsense@project', `@.open`]) {
      writeFileSync(join(marksFolder(), name), '');
    }
    expect(await found()).toEqual([]);
  });
});

describe('a project of an earlier version, without marks', () => {
  it('is looked through once, and what has no end is marked', async () => {
    plant(nth(0, {state: anEnd()}));
    plant(nth(1));
    expect(await found()).toEqual([[`project/${IDS[1]}`]]);
    expect(marks()).toEqual([`${IDS[1]}@project`, '@project'].sort());
    const path = plant(nth(2), 'not looked at, or else it would be logged');
    expect(await found()).toEqual([[`project/${IDS[1]}`]]);
    expect(log.lines).toEqual([]);
    rmSync(path);
  });

  it('is still one when this version has added a record', async () => {
    plant(nth(0));
    await store.create(nth(1));
    expect((await found()).flat().sort()).toEqual(
      [`project/${IDS[0]}`, `project/${IDS[1]}`, `project/${IDS[1]}`].sort(),
    );
  });

  it('may have files that are no records', async () => {
    plant(nth(0));
    plant(nth(1), '');
    plant(nth(2), 'hello');
    writeFileSync(join(root, 'project', 'README.md'), '# mine\n');
    expect(await found()).toEqual([[`project/${IDS[0]}`]]);
    expect(log.lines).toEqual([expect.stringContaining(`${IDS[2]}.md is skipped`)]);
  });

  it.runIf(process.platform !== 'win32')('may have a pipe named like a record', async () => {
    plant(nth(0));
    execaSync('mkfifo', [store.artifact('project', IDS[1])]);
    expect(await found()).toEqual([[`project/${IDS[0]}`]]);
  });

  it('is looked through again where that it was cannot be noted', async () => {
    writeFileSync(marksFolder(), 'a file in the place of the folder');
    plant(nth(0));
    for (const _ of [1, 2]) expect(await found()).toEqual([[`project/${IDS[0]}`]]);
    expect(log.lines.join()).toContain('project is looked through again at the next start');
  });
});
