import {chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join, relative} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {STAMP_SECRET} from '../../src/contract/stamp-secret.ts';
import type {PluginConfiguration} from '../../src/plugin/opencode/hooks.ts';
import {provideEntry} from '../../src/plugin/opencode/server-entry.ts';

/** What every server that OpenCode starts for us is given. */
const SECRET = {[STAMP_SECRET]: 'secret'};

let folder: string;
/** The bin beside the plugin. */
let main: string;
let node: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'server-entry-'));
  const bin = join(folder, 'bin');
  for (const made of [bin, join(folder, 'dist')]) mkdirSync(made);
  main = join(folder, 'dist', 'main.cjs');
  writeFileSync(main, '');
  node = program('node');
});

afterEach(() => {
  rmSync(folder, {recursive: true, force: true});
});

function program(name: string): string {
  const path = join(folder, 'bin', name);
  writeFileSync(path, '');
  chmodSync(path, 0o755);
  return path;
}

/** What becomes of a configuration. */
function provide(mcp?: Record<string, unknown>, {mayAdd = true, PATH = join(folder, 'bin')} = {}) {
  const config: PluginConfiguration = mcp === undefined ? {} : {mcp};
  return {...provideEntry(config, {main, env: {PATH}, mayAdd, secret: 'secret'}), mcp: config.mcp};
}

describe('where the configuration has no entry of ours', () => {
  it('one is added that starts the bin beside the plugin, with time for long reads', () => {
    const other = {type: 'remote', url: 'http://127.0.0.1:9/'};
    const {mcp, ours, warning} = provide({other});
    expect(mcp).toEqual({
      other,
      'opencode-delegate': {
        ...{type: 'local', command: [node, main], enabled: true, timeout: 120_000},
        environment: SECRET,
      },
    });
    expect(ours).toEqual([{name: 'opencode-delegate', prefix: 'opencode-delegate_', environment: {}}]);
    expect(warning).toBeUndefined();
    expect(provide().mcp).toHaveProperty(['opencode-delegate', 'command'], [node, main]);
  });

  it('an installed one is started where there is no bin beside the plugin, and else that is said', () => {
    const installed = program('opencode-delegate');
    rmSync(main);
    expect(provide().mcp).toHaveProperty(['opencode-delegate', 'command'], [installed]);
    const {mcp, warning} = provide({}, {PATH: join(folder, 'nowhere')});
    expect(mcp).toHaveProperty(['opencode-delegate', 'command'], ['opencode-delegate']);
    expect(warning).toMatch(/^opencode-delegate was not found on PATH.* `npm install -g opencode-delegate`/);
  });

  it('nothing is started that lies where a relative path leads', () => {
    const relativePath = relative(process.cwd(), join(folder, 'bin'));
    expect(provide({}, {PATH: relativePath}).warning).toMatch(/^node was not found on PATH/);
    expect(provide({}, {PATH: `${relativePath}${delimiter}${join(folder, 'bin')}`}).warning).toBeUndefined();
  });

  it('none is added where the person wants none', () => {
    expect(provide({}, {mayAdd: false})).toEqual({ours: [], mcp: {}});
    expect(provide(undefined, {mayAdd: false}).mcp).toBeUndefined();
  });

  it('a PATH without node is said, and the entry is left to fail in its own words', () => {
    const {mcp, warning} = provide({}, {PATH: join(folder, 'nowhere')});
    expect(mcp).toHaveProperty(['opencode-delegate', 'command'], ['node', main]);
    expect(warning).toMatch(/^node was not found on PATH.* Install Node/);
  });
});

describe("an entry of the person's own wins", () => {
  it.each([
    ['the published package', ['npx', '-y', 'opencode-delegate']],
    ['the same, as it was recommended before', ['npx', '-y', '--prefer-offline', 'opencode-delegate']],
    ['a version of it', ['npx', '-y', 'opencode-delegate@0.1.0']],
    ['an installed bin', ['/usr/local/bin/opencode-delegate']],
  ])('that starts %s, under any name', (_, command) => {
    const mine = {type: 'local', command, environment: {OPENCODE_DELEGATE_DATA_DIR: '/data', BAD: 1}};
    const {mcp, ours} = provide({'my agents': mine});
    expect(mcp).toEqual({'my agents': {...mine, environment: {...mine.environment, ...SECRET}}});
    // What the person has written is as it was.
    expect(mine.environment).not.toHaveProperty(STAMP_SECRET);
    expect(ours).toMatchObject([{name: 'my agents', prefix: 'my_agents_'}]);
    expect(ours[0]?.environment).toEqual({OPENCODE_DELEGATE_DATA_DIR: '/data'});
  });

  it('that starts the bin beside the plugin, also through a link', () => {
    symlinkSync(join(folder, 'dist'), join(folder, 'link'));
    const mine = {type: 'local', command: ['node', join(folder, 'link', 'main.cjs')]};
    expect(provide({mine})).toMatchObject({mcp: {mine}, ours: [{prefix: 'mine_'}]});
  });

  it('that only has our name, or is switched off', () => {
    const off = {type: 'local', command: ['npx', '-y', 'opencode-delegate'], enabled: false};
    expect(provide({'opencode-delegate': off}).mcp).toEqual({
      'opencode-delegate': {...off, environment: SECRET},
    });
    const named = {type: 'remote', url: 'http://127.0.0.1:9/'};
    expect(provide({'opencode-delegate': named})).toEqual({ours: [], mcp: {'opencode-delegate': named}});
  });

  it.each([
    ['is another server', ['node', '/somewhere/else/main.cjs']],
    ['is no command', 'opencode-delegate'],
    ['is nothing', null],
  ])('and not one that %s', (_, command) => {
    expect(provide({other: {type: 'local', command}}).mcp).toHaveProperty(['opencode-delegate']);
  });
});
