import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {aDelegation, FakeLog} from '../support/fakes.ts';

let root: string;
let store: MarkdownStore;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opencode-delegate-store-'));
  store = new MarkdownStore({root, log: new FakeLog()});
});

afterEach(() => rmSync(root, {recursive: true, force: true}));

it('the text and the size of a record are those of its file', async () => {
  const delegation = aDelegation({prompt: 'Zażółć gęślą jaźń 🦦'});
  await store.create(delegation);
  const path = store.artifact(delegation.project, delegation.id);
  expect(await store.text(delegation.project, delegation.id)).toBe(readFileSync(path, 'utf8'));
  const {size: bytes, mtimeMs: writtenAt} = statSync(path);
  expect(await store.size(delegation.project, delegation.id)).toEqual({bytes, writtenAt});
});

it('where there is no file, there is neither', async () => {
  expect(await store.text('project', 'a-b-c')).toBeUndefined();
  expect(await store.size('project', 'a-b-c')).toBeUndefined();
});
