import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir, userInfo} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {claimHost} from '../../src/link/claim.ts';
import {type EndpointOptions, locateEndpoint, prepareEndpoint} from '../../src/link/endpoint.ts';
import {ensurePrivateFolder, UnsafeFolderError} from '../../src/link/private-folder.ts';

describe('the endpoint', () => {
  let root: string;
  let folder: string;
  let options: EndpointOptions;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'endpoint-')));
    folder = join(root, '.local', 'share', 'opencode', 'delegations', '.host');
    options = {env: {HOME: root, XDG_RUNTIME_DIR: join(root, 'run')}, version: '1'};
  });

  afterEach(() => rmSync(root, {recursive: true, force: true}));

  it('lies beside the records, whatever else the environment holds, and its log in the state folder', () => {
    const {key, address, lock, log} = locateEndpoint(options);
    expect(address).toBe(join(folder, `${key}.sock`));
    expect(lock).toBe(join(folder, `${key}.lock`));
    expect(log).toBe(join(root, '.local', 'state', 'opencode-delegate', 'host.log'));
    const env = {HOME: root, XDG_RUNTIME_DIR: '/elsewhere', SHELL: '/bin/other', ANTHROPIC_API_KEY: 'sk'};
    expect(locateEndpoint({...options, env}).address).toBe(address);
  });

  it('is another one for another version, and for another data folder', () => {
    const {key, address} = locateEndpoint(options);
    expect(locateEndpoint({...options, version: '2'}).key).not.toBe(key);
    const env = {HOME: root, OPENCODE_DELEGATE_DATA_DIR: join(root, 'mine')};
    expect(locateEndpoint({...options, env})).toMatchObject({
      key,
      address: expect.not.stringContaining(address),
    });
  });

  it('is the same by whatever name its data folder goes', () => {
    const {address} = prepareEndpoint(options);
    symlinkSync(join(root, '.local', 'share', 'opencode', 'delegations'), join(root, 'link'));
    const env = {HOME: root, OPENCODE_DELEGATE_DATA_DIR: join(root, 'link')};
    expect(prepareEndpoint({...options, env}).address).toBe(address);
  });

  it('has its socket in /tmp, in a folder of the user’s own, when its path would be cut', () => {
    const limit = 103 - '/.host/0123456789abcdef.sock'.length;
    const at = (length: number, letter = 'x') => {
      const dataDir = `/${letter.repeat(length - 1)}`;
      return locateEndpoint({...options, env: {OPENCODE_DELEGATE_DATA_DIR: dataDir}});
    };
    expect(Buffer.byteLength(at(limit).address)).toBe(103);
    expect(dirname(at(limit + 1).address)).toBe(`/tmp/opencode-delegate-${userInfo().uid}`);
    expect(at(limit + 1).lock).toContain('/.host/');
    expect(at(limit + 1).address).not.toBe(at(limit + 1, 'y').address);
  });

  it('is a named pipe on Windows, of the user’s own', () => {
    const {key, address} = locateEndpoint({...options, platform: 'win32'});
    expect(address).toMatch(
      new RegExp(`^\\\\\\\\\\.\\\\pipe\\\\opencode-delegate-[0-9a-f]{8}-[0-9a-f]{16}-${key}$`),
    );
  });

  it('cannot be where the data folder cannot', () => {
    const at = (dataDir: string) => () =>
      prepareEndpoint({...options, env: {OPENCODE_DELEGATE_DATA_DIR: dataDir}});
    expect(at('relative')).toThrow('OPENCODE_DELEGATE_DATA_DIR="relative" must be an absolute path');
    writeFileSync(join(root, 'file'), '');
    expect(at(join(root, 'file', 'in'))).toThrow(/cannot be made: .*ENOTDIR.*set OPENCODE_DELEGATE_DATA_DIR/);
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

  const elsewhere = () => join(root, '.local', 'state', 'opencode-delegate', 'run');

  it.each(planted)(
    'is in the state folder where there is %s in its place, with a warning',
    (_, plant, problem) => {
      mkdirSync(dirname(folder), {recursive: true});
      plant(folder);
      const {warning, ...endpoint} = prepareEndpoint(options);
      expect(endpoint).toMatchObject({folder: elsewhere(), socketFolder: elsewhere()});
      expect(statSync(elsewhere()).mode & 0o777).toBe(0o700);
      expect(warning).toContain(`is in ${elsewhere()} instead of ${folder}: ${folder} `);
      expect(warning).toMatch(problem);
      expect(warning).toMatch(/Remove it, or set OPENCODE_DELEGATE_HOST=off/);
    },
  );

  it('says nothing where it is as it should be', () => {
    expect(prepareEndpoint(options).warning).toBeUndefined();
  });

  it('is in /tmp where it cannot be in the state folder either', () => {
    mkdirSync(dirname(folder), {recursive: true});
    writeFileSync(folder, '');
    writeFileSync(join(root, '.local', 'state'), '');
    const {folder: found, warning} = prepareEndpoint(options);
    expect(found).toBe(`/tmp/opencode-delegate-${userInfo().uid}`);
    expect(warning).toContain(`is in ${found} instead of ${folder}: ${folder} is not a directory`);
  });

  it('stays where somebody has begun to be, also when its place can be used again', async () => {
    mkdirSync(dirname(folder), {recursive: true});
    writeFileSync(folder, '');
    const claim = await claimHost(options);
    rmSync(folder);
    expect(prepareEndpoint(options)).toMatchObject({folder: elsewhere(), lock: claim?.endpoint.lock});
    claim?.lock.release();
    expect(prepareEndpoint(options).folder).toBe(folder);
  });

  it('needs a home that is a folder, as OpenCode does', () => {
    const relative = {...options, env: {...options.env, HOME: 'here', OPENCODE_DELEGATE_DATA_DIR: root}};
    expect(() => prepareEndpoint(relative)).toThrow('HOME="here" must be an absolute path');
  });

  const shared: [string, number, string, RegExp][] = [
    ['the data folder', 0o777, 'delegations', /is not safe: others can write there \(mode 777\)/],
    ['the data folder, as /tmp is,', 0o1777, 'delegations', /others can write there \(mode 1777\)/],
    ['a folder above it', 0o777, '', /others can replace what is in it \(mode 777\)/],
  ];

  it.each(shared)('refuses to be where all can write: %s', (_, mode, name, problem) => {
    const path = join(root, '.local', 'share', 'opencode', name);
    prepareEndpoint(options);
    chmodSync(path, mode);
    expect(() => prepareEndpoint(options)).toThrow(UnsafeFolderError);
    expect(() => prepareEndpoint(options)).toThrow(problem);
    expect(() => prepareEndpoint(options)).toThrow(/chmod go-w.*OPENCODE_DELEGATE_DATA_DIR/);
  });

  it('refuses a data folder that a group writes which is not the user’s own, and takes one that is', () => {
    prepareEndpoint(options);
    const path = dirname(folder);
    chmodSync(path, 0o775);
    const isOwn = statSync(path).gid === userInfo().uid;
    if (isOwn) expect(() => prepareEndpoint(options)).not.toThrow();
    else expect(() => prepareEndpoint(options)).toThrow('others can write there (mode 775)');
    if (userInfo().uid !== 0) return;
    chownSync(path, 0, 12_345);
    expect(() => prepareEndpoint(options)).toThrow('others can write there (mode 775)');
  });

  it('does not look at XDG_RUNTIME_DIR, which all may be able to write', () => {
    const runtime = join(root, 'run');
    mkdirAs(runtime, 0o777);
    const {address, lock, socketFolder} = prepareEndpoint(options);
    for (const path of [address, lock, socketFolder]) expect(path).not.toContain(runtime);
    expect(readdirSync(runtime)).toEqual([]);
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
