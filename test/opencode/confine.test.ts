import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {forbidden} from '../../src/opencode/read-only/confine.ts';

describe('a path in a read-only delegation', () => {
  let base: string;
  let root: string;

  beforeAll(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-confine-')));
    root = join(base, 'root');
    for (const folder of ['root/src', 'root/..hidden', 'root/.env.d', 'rootless']) {
      mkdirSync(join(base, folder), {recursive: true});
    }
    writeFileSync(join(root, '.env'), '');
    writeFileSync(join(root, 'src', 'environment.ts'), '');
    symlinkSync(join(base, 'rootless'), join(root, 'out'));
    symlinkSync('.env', join(root, 'plain'));
    symlinkSync(root, join(base, 'alias'));
    symlinkSync('self', join(root, 'self'));
    symlinkSync('../rootless/not-yet', join(root, 'dangling'));
  });

  afterAll(() => rmSync(base, {recursive: true}));

  it.each([
    '.',
    'src',
    'src/environment.ts',
    'src/not-there/yet.ts',
    '..hidden/x',
    'envelope',
    'x.environment',
  ])('may be %s', (path) => {
    expect(forbidden(path, root)).toBeUndefined();
    expect(forbidden(join(root, path), root)).toBeUndefined();
  });

  it.each([
    '..',
    '../rootless',
    'src/../../rootless',
    'out',
    'out/deeper/file',
    'dangling',
    '/',
    '/etc/passwd',
  ])('must not be %s, which is outside', (path) =>
    expect(forbidden(path, root)).toBe('outside the directory'),
  );

  it.each(['.env', '.ENV', 'src/.env', 'prod.env', '.env.local', 'a.env.bak', '.env.d/secret', 'plain'])(
    'must not be %s, which is an .env file',
    (path) => expect(forbidden(path, root)).toBe('an .env file'),
  );

  it('may be given through another name of the directory', () => {
    expect(forbidden(join(root, 'src'), join(base, 'alias'))).toBeUndefined();
    expect(forbidden('../rootless', join(base, 'alias'))).toBe('outside the directory');
  });

  it('is not guessed at where it cannot be followed', () => {
    expect(() => forbidden('self', root)).toThrow('ELOOP');
  });
});
