import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import {RecordsOnDisk} from '../../src/cli/sources/records.ts';
import type {ShownDelegation} from '../../src/control/shown.ts';
import {Feed} from '../../src/tui/feed.ts';
import {FakeLog} from '../support/fakes.ts';

class BrokenRecords extends RecordsOnDisk {
  override projectOf(): Promise<string> {
    throw new Error('the disk is gone');
  }
}

/** A home in which nobody has delegated, and what ends the feed. */
function stage() {
  const home = mkdtempSync(join(tmpdir(), 'opencode-delegate-'));
  onTestFinished(() => rmSync(home, {recursive: true}));
  const env = {HOME: home, XDG_RUNTIME_DIR: join(home, 'run')};
  return {hello: {version: '0.0.0', cwd: home, env}, log: new FakeLog(), ending: new AbortController()};
}

it('a feed that fails shows nothing, is logged, and ends all the same', async () => {
  const {hello, log, ending} = stage();
  const shown = deferred<readonly ShownDelegation[]>();
  const feed = new Feed({
    ...{hello, log, records: new BrokenRecords(hello.env), signal: ending.signal},
    onChange: shown.resolve,
  });
  const ended = feed.run();
  expect(await shown.promise).toEqual([]);
  expect(log.lines.join('\n')).toContain('the disk is gone');
  ending.abort();
  await ended;
});

it('a feed ends with its signal, and draws at most four times a second', async () => {
  const {hello, log, ending} = stage();
  const drawn: number[] = [];
  const feed = new Feed({
    ...{hello, log, records: new RecordsOnDisk(hello.env), signal: ending.signal},
    onChange: () => {
      drawn.push(performance.now());
      if (drawn.length === 3) ending.abort();
    },
  });
  await feed.run();
  const [first = 0, second = 0, third = 0] = drawn;
  expect(second - first).toBeGreaterThan(240);
  expect(third - second).toBeGreaterThan(240);
  expect(log.lines).toEqual([]);
});
