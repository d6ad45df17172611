import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {removeWorktreesOf} from '../../src/pool/worker/left-worktrees.ts';

it('worktrees of a job are removed, also where they were being made, and no others', async () => {
  const data = mkdtempSync(join(tmpdir(), 'opencode-delegate-worktrees-'));
  onTestFinished(() => rmSync(data, {recursive: true, force: true}));
  const add = (folder: string, link?: string) => {
    mkdirSync(join(data, folder), {recursive: true});
    if (link !== undefined) writeFileSync(join(data, folder, '.git'), link);
  };
  add('worktrees/job-1/swift-amber-otter', 'gitdir: /data/checkout/.git/worktrees/swift-amber-otter\n');
  add('worktrees/job-2/calm-blue-finch', 'gitdir: /data/checkout/.git/worktrees/calm-blue-finch\n');
  // The process was killed before git had made the link, and after it.
  add('.worktrees/job-1/swift-amber-otter');
  add('.worktrees/job-1/dark-red-heron', 'gitdir: /data/checkout/.git/worktrees/dark-red-heron\n');
  add('.worktrees/job-2/calm-blue-finch.changes');
  await removeWorktreesOf('job-1', join(data, 'worktrees'));
  expect(readdirSync(join(data, 'worktrees'))).toEqual(['job-2']);
  expect(readdirSync(join(data, '.worktrees'))).toEqual(['job-2']);
  await removeWorktreesOf('job-2', join(data, 'nowhere'));
});
