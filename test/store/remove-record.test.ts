import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {Words} from '../../src/store/files/words.ts';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {removeRecord} from '../../src/store/remove-record.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';

it('a record that is removed leaves nothing that is noted of it, and others as they are', async () => {
  const root = mkdtempSync(join(tmpdir(), 'opencode-delegate-remove-'));
  onTestFinished(() => rmSync(root, {recursive: true}));
  const store = new MarkdownStore({root, log: new FakeLog()});
  const parent = {session: 'ses_parent', pid: process.pid};
  const ended = aDelegation({id: 'swift-amber-otter', parent, state: anEnd()});
  const other = aDelegation({id: 'calm-blue-fox', parent, state: anEnd()});
  for (const delegation of [ended, other]) {
    await store.create(delegation);
    await store.keepConversation(delegation, []);
    for (const about of ['cancel', 'read'] as const) await new Words(root, about).add(delegation);
  }
  const filesOf = (id: string) =>
    readdirSync(root, {recursive: true, encoding: 'utf8'}).filter((name) => name.includes(id));
  const before = filesOf(other.id);
  expect(filesOf(ended.id)).toHaveLength(6);
  await removeRecord(root, ended);
  expect(filesOf(ended.id)).toEqual([]);
  expect(filesOf(other.id)).toEqual(before);
  expect((await store.list(ended.project)).heads.map(({id}) => id)).toEqual([other.id]);
});
