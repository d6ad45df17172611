import {chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {entriesIn} from '../../../src/cli/clients/entries.ts';
import {commandLineOf, lastingPath, whoseIs, whosePlugin} from '../../../src/cli/clients/ours.ts';
import {clientsFor} from '../../../src/cli/clients/places.ts';
import {ownLaunch} from '../../../src/cli/install/own-launch.ts';

const OURS = 'opencode-delegate';
let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-ours-')));
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

function write(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/** An installed package with its command in `bin`, as npm puts it there. */
function packageNamed(name: string, folder: string): {main: string; bin: string} {
  write(join(folder, 'lib', 'package.json'), JSON.stringify({name}));
  const main = write(join(folder, 'lib', 'dist', 'main.cjs'), '#!/usr/bin/env node\n');
  mkdirSync(join(root, folder, 'bin'));
  symlinkSync(main, join(root, folder, 'bin', OURS));
  return {main, bin: join(root, folder, 'bin')};
}

describe('whose an entry is', () => {
  it.each([
    ['ours', 'npx', ['-y', OURS]],
    ['ours', 'npx', ['-y', '--prefer-offline', `${OURS}@latest`]],
    ['foreign', 'npx', ['-y', `${OURS}-mcp`]],
    ['foreign', 'npx', ['-y', `@somebody/${OURS}`]],
    ['foreign', 'uvx', [OURS]],
    ['foreign', 'python3', ['-m', 'opencode_delegate']],
    ['foreign', 'node', ['server.js']],
    ['gone', OURS, []],
    ['gone', `/gone/${OURS}`, []],
    ['gone', 'node', [`/gone/${OURS}/dist/main.cjs`]],
    ['foreign', 'node', ['/gone/other/dist/main.cjs']],
  ])('%s: %s %j', (whose, command, args) => {
    expect(whoseIs({command, args}, {PATH: root})).toBe(whose);
  });

  it.each([
    [
      'ours',
      'asdf',
      '#!/usr/bin/env bash\n# asdf-plugin: nodejs 22.3.0\nexec /home/a/.asdf/bin/asdf exec "opencode-delegate" "$@"\n',
    ],
    [
      'ours',
      'pnpm',
      '#!/bin/sh\nexec node  "$basedir/global/5/node_modules/opencode-delegate/dist/main.cjs" "$@"\n',
    ],
    [
      'ours',
      'npm on Windows',
      '@ECHO off\r\n"%_prog%"  "%dp0%\\node_modules\\opencode-delegate\\dist\\main.cjs" %*\r\n',
    ],
    [
      'foreign',
      'another package',
      '#!/bin/sh\nexec node "$basedir/node_modules/opencode-delegate-mcp/dist/main.cjs" "$@"\n',
    ],
    [
      'foreign',
      'a script that only speaks of us',
      '#!/bin/sh\n# exec opencode-delegate\nexec python3 server.py\n',
    ],
    ['foreign', 'no shell script', '#!/usr/bin/python3\nprint("exec opencode-delegate")\n'],
  ])('%s: a command that is a shim, of %s', (whose, _, text) => {
    write(join('shims', OURS), text);
    expect(whoseIs({command: OURS, args: []}, {PATH: join(root, 'shims')})).toBe(whose);
  });

  it('is ours where a version manager stands in our name', () => {
    const manager = write(join('mise', 'bin', 'mise'), 'a program');
    mkdirSync(join(root, 'shims'));
    symlinkSync(manager, join(root, 'shims', OURS));
    expect(whoseIs({command: OURS, args: []}, {PATH: join(root, 'shims')})).toBe('ours');
  });

  it('is told by the package that the command leads to', () => {
    const own = packageNamed(OURS, 'own');
    const other = packageNamed('somebody-elses', 'other');
    const command = {command: OURS, args: []};
    expect(whoseIs(command, {PATH: own.bin})).toBe('ours');
    expect(whoseIs(command, {PATH: other.bin})).toBe('foreign');
    expect(whoseIs({command: join(own.bin, OURS), args: []}, {})).toBe('ours');
    expect(whoseIs({command: 'node', args: ['--no-warnings', own.main]}, {})).toBe('ours');
    expect(whoseIs({command: 'node', args: [other.main]}, {})).toBe('foreign');
    const script = {PATH: dirname(write(join('script', OURS), '#!/bin/sh\n'))};
    expect(whoseIs(command, script)).toBe('foreign');
  });

  it.each([
    [OURS, 'ours'],
    [`${OURS}@1.2.3`, 'ours'],
    [`${OURS}-extra`, 'foreign'],
    ['./plugin.js', 'foreign'],
    ['file:///gone/opencode-delegate/plugin.js', 'gone'],
    [`github:ada/${OURS}`, 'ours'],
    [`@somebody/${OURS}`, 'foreign'],
  ])('is told of a plugin: %s', (spec, whose) => {
    expect(whosePlugin(spec, join(root, 'opencode.json'))).toBe(whose);
  });

  it('is asked of all entries that start or name us, and of the one with our name', () => {
    const own = packageNamed(OURS, 'own');
    const opencode = clientsFor({env: {HOME: root, PATH: own.bin}, cwd: root}).find(
      ({name}) => name === 'opencode',
    );
    if (opencode === undefined) throw new Error('OpenCode is known');
    const value = {
      mcp: {
        [OURS]: {command: ['python3']},
        wrapped: {command: ['mise', 'exec', '--', OURS]},
        mine: {type: 'local', command: [OURS]},
        other: {command: ['x']},
      },
      plugin: ['x', [OURS, {some: 'option'}]],
    };
    const found = entriesIn(value, opencode, join(root, 'opencode.json'));
    expect(found.map(({path, whose}) => [...path, whose])).toEqual([
      ['mcp', 'mine', 'ours'],
      ['plugin', 1, 'ours'],
      ['mcp', OURS, 'foreign'],
      ['mcp', 'wrapped', 'foreign'],
    ]);
    expect(commandLineOf({command: ['a', 'b']})).toEqual({command: 'a', args: ['b']});
  });
});

describe('how clients are to start us', () => {
  const version = '1.2.3';

  it('is by the installed command', () => {
    const own = packageNamed(OURS, 'own');
    expect(ownLaunch({env: {PATH: own.bin}, main: '/x/main.cjs', version})).toMatchObject({
      ...{command: OURS, args: [], isLocal: false},
    });
  });

  it('is by this program where another one has that name, or npm has put it there for now', () => {
    const other = packageNamed('somebody-elses', 'other');
    const passing = packageNamed(OURS, join('node_modules', 'x'));
    const now = join(root, 'node_modules', '.bin');
    mkdirSync(now);
    symlinkSync(passing.main, join(now, OURS));
    const env = {PATH: [now, other.bin].join(delimiter)};
    expect(lastingPath(env)).toBe(other.bin);
    expect(ownLaunch({env, main: '/x/main.cjs', version})).toMatchObject({
      ...{command: process.execPath, args: ['/x/main.cjs'], isLocal: true},
    });
  });

  it('is by the command that is installed first, where npx has brought it', () => {
    const main = join(root, '_npx', '1a2b', 'node_modules', OURS, 'dist', 'main.cjs');
    expect(ownLaunch({env: {PATH: root}, main, version})).toMatchObject({
      ...{command: OURS, isLocal: false, needs: ['npm', 'install', '-g', `${OURS}@1.2.3`]},
    });
  });
});
