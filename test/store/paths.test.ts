import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {namedBy} from '../../src/store/files/mark-name.ts';
import {Words} from '../../src/store/files/words.ts';
import {OpenMarks} from '../../src/store/index/open-marks.ts';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {tidyNotices} from '../../src/store/notices/notice-folders.ts';
import {SessionNotices} from '../../src/store/notices/session-notices.ts';
import {parseRecord, renderRecord} from '../../src/store/record/record.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'paths-'));
});

afterEach(() => {
  rmSync(root, {recursive: true});
});

const WORKTREE = {
  checkout: '/shop',
  path: '/data/worktrees/p/swift-amber-otter',
  directory: '/data/worktrees/p/swift-amber-otter',
  branch: 'delegation/swift-amber-otter',
  base: 'c0ffee',
};

describe('a record is not taken where it says', () => {
  const hostile: readonly (readonly [string, Partial<Delegation>])[] = [
    ['a session that would leave its folder', {state: {...anEnd(), sessionId: '../../../home/ada/x'}}],
    ['such a session while it runs', {state: {status: 'running', startedAt: 1, sessionId: 'ses_1/../..'}}],
    ['a session that continues elsewhere', {continues: {id: 'swift-amber-otter', sessionId: '/etc/x'}}],
    ['an id that continues elsewhere', {continues: {id: '../x', sessionId: 'ses_1'}}],
    ['a parent that would leave its folder', {parent: {session: '../ses_1', pid: 1}}],
    ['a directory that depends on who reads it', {directory: 'relative'}],
    ['a worktree that depends on who reads it', {worktree: {...WORKTREE, path: '../x'}}],
    ['a branch that git takes for an option', {worktree: {...WORKTREE, branch: '--output=/tmp/x'}}],
    ['a branch that a shell runs', {worktree: {...WORKTREE, branch: 'delegation/a; rm -rf ~'}}],
    ['a commit that git takes for an option', {worktree: {...WORKTREE, base: '--output=/tmp/x'}}],
    ['such a commit of an earlier delegation', {worktree: {...WORKTREE, since: '--no-index'}}],
  ];

  it.each(hostile)('%s', (_, given) => {
    const file = renderRecord(aDelegation(given));
    expect(() => parseRecord(file, 'p')).toThrow('its front matter does not fit');
  });

  it('and nothing is made outside of the folder, anyone who asks for it', async () => {
    const log = new FakeLog();
    const store = new MarkdownStore({root, log});
    const good = aDelegation({project: 'p', state: {...anEnd(), sessionId: 'ses_1'}});
    await store.create(good);
    const path = store.artifact('p', good.id);
    writeFileSync(path, readFileSync(path, 'utf8').replace('session: ses_1', "session: '../../escaped'"));
    expect(await store.read('p', good.id)).toBeUndefined();
    expect((await store.list('p')).heads).toEqual([]);
    expect(log.lines.join()).toMatch(/is skipped: its front matter does not fit/);
  });
});

describe('a mark is none where its name would lead elsewhere', () => {
  const NAMES = [
    'swift-amber-otter@..',
    'swift-amber-otter@.',
    'swift-amber-otter@.host',
    'x@p',
    '..@p',
    '@p',
  ];
  const OTHERS = ['swift-amber-otter@worktrees', 'swift-amber-otter@p.claim-1', 'swift-amber-otter@', 'p'];

  it.each([...NAMES, ...OTHERS])('%s', (name) => {
    expect(namedBy(name)).toBeUndefined();
  });

  it('whatever kind of mark it is', async () => {
    const folders = ['.open', '.cancel', join('.notices', 'ses_1')].map((name) => join(root, name));
    for (const folder of folders) {
      mkdirSync(folder, {recursive: true});
      for (const name of ['swift-amber-otter@..', 'swift-amber-otter@p', '@..', '@p'])
        writeFileSync(join(folder, name), '');
    }
    const named = {id: 'swift-amber-otter', project: 'p'};
    expect(await new OpenMarks(root).all()).toEqual({open: [named], complete: new Set(['p'])});
    expect(await new Words(root, 'cancel').all()).toEqual([named]);
    expect(await new SessionNotices(root, 'ses_1').expected()).toEqual([named]);
  });
});

it('a folder of notices that is a link, or has another name, is left alone', async () => {
  const elsewhere = join(root, 'elsewhere');
  for (const folder of [elsewhere, join(root, '.notices', 'mine')]) mkdirSync(folder, {recursive: true});
  symlinkSync(elsewhere, join(root, '.notices', 'ses_1'));
  mkdirSync(join(root, '.notices', 'ses_2'));
  await tidyNotices(root);
  expect([elsewhere, join(root, '.notices', 'mine')].map((path) => existsSync(path))).toEqual([true, true]);
  expect(existsSync(join(root, '.notices', 'ses_2'))).toBe(false);
});
