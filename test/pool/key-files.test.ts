import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {keyFilesIn, readGroupKey, readOwnerKey, writeKey} from '../../src/pool/keys/key-files.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';

describe('the files of keys', () => {
  function files() {
    const home = mkdtempSync(join(tmpdir(), 'keys-'));
    onTestFinished(() => rmSync(home, {recursive: true, force: true}));
    return keyFilesIn({HOME: home});
  }

  it('hold a key as it was written', () => {
    const all = files();
    const key = GroupKey.create();
    expect(writeKey(all.group, key.toText())).toBe(true);
    expect(readGroupKey(all).toText()).toBe(key.toText());
  });

  it('are named where something else is in them', () => {
    const all = files();
    for (const path of [all.group, all.owner]) writeKey(path, 'nonsense');
    expect(() => readGroupKey(all)).toThrow(
      `${all.group} holds something else: This is no key of a pool's group.`,
    );
    expect(() => readOwnerKey(all)).toThrow(`${all.owner} holds something else: This is no key of an owner.`);
  });
});
