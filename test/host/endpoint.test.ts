import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir, userInfo} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type EndpointOptions, locateEndpoint, prepareEndpoint} from '../../src/host/endpoint.ts';
import {ensurePrivateFolder, UnsafeFolderError} from '../../src/host/private-folder.ts';

describe('the endpoint', () => {
  let root: string;
  let folder: string;
  let options: EndpointOptions;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'endpoint-')));
    folder = join(root, 'run', 'opencode-delegate');
    options = {env: {HOME: root, XDG_RUNTIME_DIR: join(root, 'run')}, version: '1'};
  });

  afterEach(() => rmSync(root, {recursive: true, force: true}));

  it('lies in the runtime folder, with its lock beside it, and its log in the state folder', () => {
    const {key, address, lock, log} = locateEndpoint(options);
    expect(address).toBe(join(folder, `${key}.sock`));
    expect(lock).toBe(join(folder, `${key}.lock`));
    expect(log).toBe(join(root, '.local', 'state', 'opencode-delegate', 'host.log'));
  });

  it.each([undefined, '', 'relative'])('lies in the state folder when XDG_RUNTIME_DIR is %j', (runtime) => {
    const {address} = locateEndpoint({...options, env: {HOME: root, XDG_RUNTIME_DIR: runtime}});
    expect(dirname(address)).toBe(join(root, '.local', 'state', 'opencode-delegate'));
  });

  it('lies in /tmp, in a folder of the user’s own, when its path would be cut', () => {
    const limit = 103 - '/opencode-delegate/0123456789abcdef.sock'.length;
    const at = (length: number) =>
      locateEndpoint({...options, env: {XDG_RUNTIME_DIR: `/${'x'.repeat(length - 1)}`}}).address;
    expect(Buffer.byteLength(at(limit))).toBe(103);
    expect(dirname(at(limit + 1))).toBe(`/tmp/opencode-delegate-${userInfo().uid}`);
  });

  it('is a named pipe on Windows, of the user’s own', () => {
    const {key, address} = locateEndpoint({...options, platform: 'win32'});
    expect(address).toMatch(new RegExp(`^\\\\\\\\\\.\\\\pipe\\\\opencode-delegate-[0-9a-f]{8}-${key}$`));
  });

  it('gets a folder for the user alone, and takes it again', () => {
    prepareEndpoint(options);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(() => prepareEndpoint(options)).not.toThrow();
  });

  const planted: [string, (folder: string) => void, RegExp][] = [
    ['a link', (path) => symlinkSync(root, path), /is a link/],
    ['a link to nowhere', (path) => symlinkSync(join(root, 'nowhere'), path), /is a link/],
    ['a file', (path) => writeFileSync(path, ''), /is not a directory/],
    ['a folder that others can enter', (path) => mkdirAs(path, 0o711), /is open to others \(mode 711\)/],
    ['a folder that others can write', (path) => mkdirAs(path, 0o777), /is open to others \(mode 777\)/],
  ];

  it.each(planted)('refuses %s in its place, with the cure', (_, plant, problem) => {
    mkdirSync(dirname(folder), {recursive: true});
    plant(folder);
    expect(() => prepareEndpoint(options)).toThrow(UnsafeFolderError);
    expect(() => prepareEndpoint(options)).toThrow(problem);
    expect(() => prepareEndpoint(options)).toThrow(/Remove it, or set OPENCODE_DELEGATE_HOST=off/);
  });

  it.skipIf(userInfo().uid === 0)('refuses a folder that belongs to somebody else', () => {
    // The root folder belongs to root.
    expect(() => ensurePrivateFolder('/')).toThrow(/belongs to another user \(0\)/);
  });
});

function mkdirAs(path: string, mode: number): void {
  mkdirSync(path);
  chmodSync(path, mode);
}
