import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {rmdir} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {HeldFolder} from '../../src/git/held-folder.ts';

const PLATFORM = process.platform;

let base: string;
let inside: string;
let outside: string;
let Held: typeof HeldFolder;

/** What holds a folder by its path alone is for systems that have no names of open files. */
describe.each([['as this system can'], ['by its path']])('a folder that is held %s', (way) => {
  beforeEach(async () => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-held-')));
    [inside, outside] = [join(base, 'inside'), join(base, 'outside')];
    for (const folder of [inside, outside]) {
      mkdirSync(join(folder, 'deep'), {recursive: true});
      writeFileSync(join(folder, 'deep', 'file.txt'), folder);
      writeFileSync(join(folder, 'file.txt'), folder);
    }
    vi.resetModules();
    if (way === 'by its path') Object.defineProperty(process, 'platform', {value: 'darwin'});
    ({HeldFolder: Held} = await import('../../src/git/held-folder.ts'));
    Object.defineProperty(process, 'platform', {value: PLATFORM});
  });

  afterEach(() => {
    vi.resetModules();
    rmSync(base, {recursive: true, force: true});
  });

  /** What happens between two looks. */
  function exchange(): void {
    renameSync(inside, join(base, 'aside'));
    symlinkSync(outside, inside);
  }

  async function held<Result>(use: (folder: HeldFolder) => Promise<Result>): Promise<Result> {
    const folder = await Held.open(base, ['inside']);
    return use(folder).finally(folder.close);
  }

  it('gives what is in it', async () => {
    await held(async (folder) => {
      expect(folder.path.toString()).toBe(inside);
      expect((await folder.entries()).map(({name}) => name.toString()).sort()).toEqual(['deep', 'file.txt']);
      expect(await folder.file('file.txt', (file) => file.readFile('utf8'))).toBe(inside);
      expect(await folder.look('nothing')).toBeUndefined();
    });
  });

  it('is not opened through a link', async () => {
    exchange();
    await expect(Held.open(base, ['inside'])).rejects.toThrow(/inside is not a folder, but a link/);
    await expect(Held.open(base, ['inside', 'deep'])).rejects.toThrow(/inside is not a folder, but a link/);
  });

  it('does not become what is put in its place', async () => {
    await held(async (folder) => {
      exchange();
      const read = folder.file('file.txt', (file) => file.readFile('utf8')).catch(String);
      expect(await read).not.toContain(outside);
      await folder.remove('deep').catch(() => {});
      await folder.with('file.txt', rmdir).catch(() => {});
      expect(readdirSync(outside).sort()).toEqual(['deep', 'file.txt']);
      expect(readdirSync(join(outside, 'deep'))).toEqual(['file.txt']);
    });
  });

  it('reads no file through a link', async () => {
    await held(async (folder) => {
      symlinkSync(join(outside, 'file.txt'), join(inside, 'link'));
      await expect(folder.file('link', (file) => file.readFile('utf8'))).rejects.toThrow(/inside\/link/);
      expect((await folder.link('link')).toString()).toBe(join(outside, 'file.txt'));
    });
  });

  it('loses what is removed, and nothing that a link leads to', async () => {
    symlinkSync(outside, join(inside, 'deep', 'link'));
    writeFileSync(join(inside, 'deep', 'e\xff'), '');
    await held(async (folder) => {
      await folder.remove('deep');
      await folder.remove('nothing');
      expect(readdirSync(inside)).toEqual(['file.txt']);
    });
    const folder = await Held.open(base);
    symlinkSync(outside, join(base, 'link'));
    await folder.remove('link').finally(folder.close);
    expect(existsSync(join(base, 'link'))).toBe(false);
    expect(readFileSync(join(outside, 'deep', 'file.txt'), 'utf8')).toBe(outside);
  });
});
