import {mkdtempSync, readlinkSync, realpathSync, rmSync} from 'node:fs';
import {type FileHandle, open} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {aDelegation, FakeLog} from '../support/fakes.ts';

describe.runIf(process.platform === 'linux')('a record that was stored', () => {
  let root: string;
  /** What was synced, in order: a folder by its path, a file that has a temporary name as `file`. */
  let synced: string[];

  beforeEach(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-sync-')));
    synced = [];
    const handle = await open(root);
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const {sync} = prototype;
    vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
      const path = readlinkSync(`/proc/self/fd/${this.fd}`);
      synced.push(path.endsWith('.tmp') ? 'file' : path);
      await sync.call(this);
    });
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(root, {recursive: true, force: true});
  });

  it('survives a power cut: its file is synced, then the folder that names it, and that folder’s own', async () => {
    const store = new MarkdownStore({root, log: new FakeLog()});
    const record = aDelegation({project: 'project'});
    await store.create(record);
    expect(synced).toEqual([root, 'file', join(root, 'project')]);
    synced.length = 0;
    await store.write(record);
    expect(synced).toEqual(['file', join(root, 'project')]);
  });
});
