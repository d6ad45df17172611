import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {checkFolders} from '../../../src/cli/doctor/folders.ts';
import {RecordsOnDisk} from '../../../src/cli/sources/records.ts';

it.each<[string, (root: string) => string, string, RegExp]>([
  ['not there yet', (root) => join(root, 'data'), 'ok', /is made by the first delegation/],
  ['below a file', (root) => join(root, 'file', 'data'), 'failed', /is no folder/],
])('a data folder that is %s', (_, dataOf, is, says) => {
  const root = mkdtempSync(join(tmpdir(), 'doctor-'));
  onTestFinished(() => rmSync(root, {recursive: true}));
  writeFileSync(join(root, 'file'), '');
  const env = {HOME: root, OPENCODE_DELEGATE_DATA_DIR: dataOf(root)};
  const found = checkFolders(new RecordsOnDisk(env), {env, version: '1'});
  expect(found.find(({what}) => what === 'Data folder')).toMatchObject({
    is,
    says: expect.stringMatching(says),
  });
});
