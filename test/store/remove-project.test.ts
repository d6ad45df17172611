import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';

let root: string;
let store: MarkdownStore;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opencode-delegate-remove-'));
  store = new MarkdownStore({root, log: new FakeLog()});
});
afterEach(() => rmSync(root, {recursive: true, force: true}));

function files(): readonly string[] {
  const names = readdirSync(root, {recursive: true, encoding: 'utf8'});
  return names.filter((name) => statSync(join(root, name)).isFile()).sort();
}

it('a project that is removed leaves nothing of its records, ended or not, and other projects as they are', async () => {
  await store.create(aDelegation({id: 'calm-blue-fox', project: 'job-2', prompt: 'Keep it.'}));
  const before = files();
  const ended = aDelegation({id: 'swift-amber-otter', project: 'job-1', prompt: 'A secret.', state: anEnd()});
  await store.create(ended);
  await store.write({...ended, text: 'A secret.'});
  await store.keepConversation(ended, []);
  await store.create(aDelegation({id: 'dark-red-heron', project: 'job-1', prompt: 'A secret.'}));
  // A process was killed while it wrote, and a record was made that nobody understands.
  writeFileSync(join(root, 'job-1', 'swift-amber-otter.md.12-1-2.tmp'), 'A secret.');
  writeFileSync(join(root, 'job-1', 'old-grey-owl.md'), 'A secret.');
  await store.removeProject('job-1');
  // What it has cost goes on to count.
  expect(files().filter((name) => !name.startsWith('.spent'))).toEqual(before);
  expect(files().filter((name) => readFileSync(join(root, name), 'utf8').includes('secret'))).toEqual([]);
  await store.removeProject('job-1');
  expect((await store.list('job-2')).heads.map(({id}) => id)).toEqual(['calm-blue-fox']);
});

it('a removal that was broken off is gone on with', async () => {
  const before = files();
  await store.create(aDelegation({id: 'swift-amber-otter', project: 'job-1'}));
  rmSync(join(root, 'job-1'), {recursive: true});
  await store.removeProject('job-1');
  expect(files()).toEqual(before);
});
