import {mkdtempSync, readlinkSync, realpathSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';

/** What was synced, in order: a folder by its path, a file that has a temporary name as `file`. */
const synced = vi.hoisted((): string[] => []);

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fsync = (fd: number, done: (error: NodeJS.ErrnoException | null) => void) => {
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    synced.push(path.endsWith('.tmp') ? 'file' : path);
    fs.fsync(fd, done);
  };
  return {...fs, fsync};
});

describe.runIf(process.platform === 'linux')('a record that was stored', () => {
  let root: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-sync-')));
    synced.length = 0;
  });

  afterEach(() => rmSync(root, {recursive: true, force: true}));

  it('is there before it is synced: its marks, its file, the folder that names it, and that folder’s own', async () => {
    const store = new MarkdownStore({root, log: new FakeLog()});
    const record = aDelegation({project: 'project'});
    const [artifact, folder, marks] = [
      store.artifact('project', record.id),
      ...['project', '.open'].map((name) => join(root, name)),
    ];
    await store.create(record);
    expect(synced).not.toContain(artifact);
    expect(await store.read('project', record.id)).toEqual(record);
    await vi.waitUntil(() => synced.at(-1) === folder);
    // That it has no end yet, and that its project has no others, is on disk no later than the record.
    expect(new Set(synced.slice(0, -2))).toEqual(new Set([root, marks]));
    expect(synced.slice(-2)).toEqual([artifact, folder]);
  });

  it('survives a power cut in each later text: its file is synced, then the folder that names it', async () => {
    const store = new MarkdownStore({root, log: new FakeLog()});
    const record = aDelegation({project: 'project'});
    await store.create(record);
    await vi.waitUntil(() => synced.at(-1) === join(root, 'project'));
    synced.length = 0;
    await store.write(record);
    expect(synced).toEqual(['file', join(root, 'project')]);
  });

  it('that has ended is an end in its old text and in its new one, so the folder need not be synced again', async () => {
    const store = new MarkdownStore({root, log: new FakeLog()});
    const record = aDelegation({project: 'project', state: anEnd()});
    await store.create(record);
    await store.list(record.project);
    await vi.waitUntil(() => synced.at(-1) === join(root, 'project'));
    synced.length = 0;
    await store.write({...record, readAt: 1});
    expect(synced).toEqual(['file']);
  });
});
