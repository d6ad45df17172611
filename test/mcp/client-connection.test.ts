import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {ClientConnection, type ClientConnectionOptions} from '../../src/mcp/connection/client-connection.ts';

function connection(options: Partial<ClientConnectionOptions>): ClientConnection {
  return new ClientConnection({
    cwd: '/work/shop',
    identity: () => ({name: 'client', version: '1'}),
    roots: async () => [],
    knows: async () => false,
    projectOf: async (directory) => `project of ${directory}`,
    ...options,
  });
}

const roots =
  (...folders: string[]) =>
  async () =>
    folders.map((folder) => pathToFileURL(folder).href);

describe('a client', () => {
  it('without roots works where it started us', async () => {
    expect(await connection({}).workingDirectory()).toBe('/work/shop');
    expect(await connection({}).project()).toBe('project of /work/shop');
  });

  it('that started us inside one of its roots works there', async () => {
    const client = connection({cwd: '/work/shop/src', roots: roots('/elsewhere', '/work/shop')});
    expect(await client.workingDirectory()).toBe('/work/shop/src');
  });

  it('that started us anywhere works in its first root, blanks and all', async () => {
    const client = connection({cwd: '/', roots: roots('/work/my shop', '/work/other')});
    expect(await client.workingDirectory()).toBe('/work/my shop');
    expect(await client.project()).toBe('project of /work/my shop');
  });

  it('is not inside a root whose name only begins like its directory', async () => {
    const client = connection({cwd: '/work/shop-two', roots: roots('/work/shop')});
    expect(await client.workingDirectory()).toBe('/work/shop');
  });

  it('has no working directory when it started us at the top of the file system and names no root', async () => {
    await expect(connection({cwd: '/'}).workingDirectory()).rejects.toThrow(
      'This client started the server in / and named no project, so it is not known where to work. Give directory as an absolute path.',
    );
  });

  it('works elsewhere once its roots have changed, and roots that are no files do not count', async () => {
    let uris = ['https://example.com/x', 'file:///one'];
    const client = connection({cwd: '/', roots: async () => uris});
    expect(await client.workingDirectory()).toBe('/one');
    uris = ['file:///two'];
    expect(await client.workingDirectory()).toBe('/one');
    client.rootsChanged();
    expect(await client.workingDirectory()).toBe('/two');
  });

  it('that never answers for its roots works where it started us, after two seconds', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
    onTestFinished(() => void vi.useRealTimers());
    let asked = 0;
    const client = connection({
      roots: () => {
        asked += 1;
        return new Promise(() => {});
      },
    });
    const directory = client.directory();
    const settled = vi.fn();
    void directory.then(settled);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await directory).toBe('/work/shop');
    vi.useRealTimers();
    // It is asked, and waited for, once.
    expect(await client.workingDirectory()).toBe('/work/shop');
    expect(asked).toBe(1);
  });

  it('has no working directory yet where it started us at the top of the file system and is late', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
    onTestFinished(() => void vi.useRealTimers());
    const refused = connection({cwd: '/', roots: () => new Promise(() => {})}).workingDirectory();
    const settled = expect(refused).rejects.toThrow(
      'in / and has not said yet which folders it works in, so',
    );
    await vi.advanceTimersByTimeAsync(2_000);
    await settled;
  });

  it('whose roots come late works in them from then on, and still finds what it has begun before', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
    onTestFinished(() => void vi.useRealTimers());
    let answer = (_: readonly string[]): void => {};
    const client = connection({
      roots: () => new Promise((resolve) => (answer = resolve)),
      knows: async (project, id) => `${id} is in ${project}` === 'begun is in project of /work/shop',
    });
    const first = client.project();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await first).toBe('project of /work/shop');
    answer([pathToFileURL('/late').href]);
    vi.useRealTimers();
    expect(await client.workingDirectory()).toBe('/late');
    expect(await client.project()).toBe('project of /late');
    expect(await client.project('begun')).toBe('project of /work/shop');
    expect(await client.project('unknown')).toBe('project of /late');
  });

  it('works in the first of its roots that is a folder', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-')));
    onTestFinished(() => rmSync(folder, {recursive: true}));
    const file = join(folder, 'shop.code-workspace');
    writeFileSync(file, '{}');
    const uris = ['untitled:x', 'file:///%00', '/no/such', file, folder, '/other'];
    expect(await connection({cwd: '/', roots: async () => uris}).workingDirectory()).toBe(folder);
    expect(await connection({cwd: '/', roots: async () => uris.slice(2, 3)}).workingDirectory()).toBe(
      '/no/such',
    );
  });

  it('that started us in a root, which it names by a link, works where it started us', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-')));
    onTestFinished(() => rmSync(folder, {recursive: true}));
    mkdirSync(join(folder, 'shop', 'src'), {recursive: true});
    symlinkSync(join(folder, 'shop'), join(folder, 'link'));
    const cwd = join(folder, 'shop', 'src');
    const client = connection({cwd, roots: roots(join(folder, 'link'))});
    expect(await client.workingDirectory()).toBe(cwd);
  });

  it.each([
    ['opencode', true],
    ['claude-code', true],
    ['codex-mcp-client', false],
    ['Visual Studio Code', false],
    ['cursor-vscode', false],
  ])('called %s extends a call on progress: %s', (name, extendsOnProgress) => {
    expect(connection({identity: () => ({name, version: '1'})}).extendsOnProgress).toBe(extendsOnProgress);
  });
});
