import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {removeLeftWorktrees} from '../../src/pool/worker/left-worktrees.ts';

it('worktrees of jobs that are gone are removed, and no others', async () => {
  const root = mkdtempSync(join(tmpdir(), 'opencode-delegate-worktrees-'));
  onTestFinished(() => rmSync(root, {recursive: true, force: true}));
  const add = (id: string, link: string) => {
    mkdirSync(join(root, 'checkout-1', id), {recursive: true});
    writeFileSync(join(root, 'checkout-1', id, '.git'), link);
  };
  add('gone', 'gitdir: /data/.code/jobs/old@1/checkout/.git/worktrees/gone\n');
  add('there', 'gitdir: /data/.code/jobs/new@1/checkout/.git/worktrees/there\n');
  add('other', 'gitdir: /home/ada/shop/.git/worktrees/other\n');
  await removeLeftWorktrees(root, ['new@1']);
  expect(readdirSync(join(root, 'checkout-1')).sort()).toEqual(['other', 'there']);
  await removeLeftWorktrees(join(root, 'nowhere'), []);
});
