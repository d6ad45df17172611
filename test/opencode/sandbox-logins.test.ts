import {execFileSync} from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {isDeepStrictEqual as isEqual} from 'node:util';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {SandboxLogins, withRenewals} from '../../src/opencode/sandbox/logins.ts';
import {eventually} from '../support/processes.ts';

const login = (expires: number, more: object = {}) => ({
  type: 'oauth',
  access: `access ${expires}`,
  refresh: `refresh ${expires}`,
  expires,
  ...more,
});
const KEY = {type: 'api', key: 'sk-acme'};
const ADDRESS = {type: 'wellknown', key: 'PATH', token: '/tmp'};

describe('what comes back of the logins in a sandbox', () => {
  it('is what renews one that the person has', () => {
    const theirs = {acme: KEY, far: login(1, {accountId: 'a'})};
    expect(withRenewals(theirs, {acme: KEY, far: login(2)})).toEqual({
      acme: KEY,
      far: login(2, {accountId: 'a'}),
    });
    expect(withRenewals({far: login(3)}, {far: login(2)})).toEqual({far: login(3)});
  });

  it.each([
    ['an entry that the person does not have', {'http://evil.example': ADDRESS, far: login(1)}],
    ['an address in the place of a login', {far: {...login(2), ...ADDRESS}}],
    ['another key', {acme: {type: 'api', key: 'sk-evil'}}],
    ['a login in the place of a key', {acme: login(2)}],
    ['another place for the same login', {far: login(1, {enterpriseUrl: 'evil.example'})}],
    ['what is no text', {far: {...login(2), access: {}}}],
    ['a time that never comes', JSON.parse(JSON.stringify({far: login(2)}).replace('2}', '1e999}'))],
    ['an entry by the name of what all objects have', JSON.parse('{"__proto__": {"type": "wellknown"}}')],
    ['nothing', {}],
  ])('is not %s', (_, inside) => {
    const theirs = {acme: KEY, far: login(1)};
    expect(JSON.stringify(withRenewals(theirs, inside))).toBe(JSON.stringify(theirs));
  });

  it('is no other place, also where the rest is newer', () => {
    const inside = {far: login(2, {enterpriseUrl: 'evil.example'})};
    expect(withRenewals({far: login(1)}, inside)).toEqual({far: login(2)});
  });
});

describe('the copy in a sandbox', () => {
  let base: string;
  let theirs: string;
  let copy: string;
  let logins: SandboxLogins;

  beforeEach(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-logins-')));
    mkdirSync(join(base, 'inside'));
    theirs = join(base, 'auth.json');
    copy = join(base, 'inside', 'auth.json');
    logins = new SandboxLogins(theirs, copy);
    put(theirs, {acme: KEY, far: login(1)});
  });

  afterEach(() => rmSync(base, {recursive: true, force: true}));

  const put = (path: string, value: unknown) => writeFileSync(path, JSON.stringify(value), {mode: 0o600});
  const got = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

  it('has what the person has, for nobody else to read, and nothing is left beside', () => {
    logins.provide();
    expect(got(copy)).toEqual({acme: KEY, far: login(1)});
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    rmSync(theirs);
    logins.provide();
    expect(readdirSync(base, {recursive: true})).toEqual(['inside']);
  });

  it('does not keep what an agent has added, and the person does not get it', () => {
    put(copy, {acme: KEY, far: login(1), 'http://evil.example': ADDRESS});
    logins.provide();
    for (const path of [copy, theirs]) expect(got(path)).toEqual({acme: KEY, far: login(1)});
  });

  it('brings a renewal to where the link of the person leads', () => {
    const elsewhere = join(base, 'dotfiles.json');
    put(elsewhere, {far: login(1)});
    rmSync(theirs);
    symlinkSync(elsewhere, theirs);
    put(copy, {far: login(2)});
    logins.provide();
    expect(lstatSync(theirs).isSymbolicLink()).toBe(true);
    expect(got(elsewhere)).toEqual({far: login(2)});
    expect(statSync(elsewhere).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a link', (path: string) => symlinkSync(join(base, 'other.json'), path)],
    ['a folder', (path: string) => mkdirSync(join(path, 'deep'), {recursive: true})],
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
    ['no JSON', (path: string) => writeFileSync(path, '{')],
  ])('takes the place of %s', (_, make) => {
    put(join(base, 'other.json'), {far: login(2)});
    make(copy);
    logins.provide();
    expect(lstatSync(copy).isFile()).toBe(true);
    expect(got(theirs)).toEqual({acme: KEY, far: login(1)});
    expect(got(join(base, 'other.json'))).toEqual({far: login(2)});
  });

  it('stays where the person has a file that cannot be read at the moment', () => {
    logins.provide();
    writeFileSync(theirs, '{"acme":');
    logins.provide();
    expect(existsSync(copy)).toBe(true);
    expect(readFileSync(theirs, 'utf8')).toBe('{"acme":');
  });

  it('follows the person, and the person a renewal, while it is kept', async () => {
    logins.provide();
    const letGo = logins.keep((error) => {
      throw error;
    });
    try {
      put(copy, {acme: KEY, far: login(2)});
      await eventually(() => isEqual(got(theirs), {acme: KEY, far: login(2)}));
      put(theirs, {acme: KEY});
      await eventually(() => isEqual(got(copy), {acme: KEY}));
      // As OpenCode is in the middle of writing it.
      writeFileSync(copy, '{"acme":');
    } finally {
      letGo();
    }
    expect(got(copy)).toEqual({acme: KEY});
  });
});
