import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {CollectReceipts} from '../../src/pool/client/collect-receipts.ts';
import {PoolLedger} from '../../src/pool/client/ledger.ts';
import {temporaryOf} from '../../src/process/temporary.ts';

/** No system counts its processes as far as that. */
const NOBODY = 99_999_999;
const NAMED = {project: 'shop', id: 'swift-amber-otter'};

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'opencode-delegate-ledger-'));
  onTestFinished(() => rmSync(path, {recursive: true}));
  return path;
}

it('what a process had not written to its end that was killed is no entry, and goes', async () => {
  const path = folder();
  const ledger = new PoolLedger(path);
  ledger.add('one@1', NAMED);
  writeFileSync(temporaryOf(join(path, 'two@1.json')).replace(`-${process.pid}-`, `-${NOBODY}-`), '{"proj');
  expect(await ledger.all()).toEqual([{job: 'one@1', ...NAMED}]);
  expect(readdirSync(path)).toEqual(['one@1.json']);
  await ledger.remove('one@1');
  expect(readdirSync(path)).toEqual([]);
});

it('a receipt is there whole or not at all, and the last one counts', async () => {
  const path = join(folder(), 'collected');
  const receipts = new CollectReceipts(path);
  expect(await receipts.of('one@1')).toBeUndefined();
  receipts.write('one@1', {project: 'shop', id: 'calm-blue-heron'});
  receipts.write('one@1', NAMED);
  expect(await receipts.of('one@1')).toEqual(NAMED);
  expect(readdirSync(path)).toEqual(['one@1.json']);
});
