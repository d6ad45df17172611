import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {ClientConnection, type ClientConnectionOptions} from '../../src/mcp/client-connection.ts';

function connection(options: Partial<ClientConnectionOptions>): ClientConnection {
  return new ClientConnection({
    cwd: '/work/shop',
    identity: () => ({name: 'client', version: '1'}),
    roots: async () => [],
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
