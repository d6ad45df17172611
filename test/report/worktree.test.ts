import {expect, it} from 'vitest';
import type {WorktreeOutcome} from '../../src/delegation/model/worktree.ts';
import {renderWorktree} from '../../src/report/worktree.ts';
import {aDelegation} from '../support/fakes.ts';

const KEPT = {
  is: 'kept',
  commit: 'c0ffee1234567890',
  diffstat: '1 file changed, 1 insertion(+)',
  notes: [],
} as const;

function withOutcome(outcome: WorktreeOutcome) {
  const checkout = '/home/ada/my shop';
  const place = {checkout, path: '/data/worktrees/shop/a-b-c', directory: '/data/worktrees/shop/a-b-c/web'};
  const worktree = {...place, branch: 'delegation/a-b-c', base: 'beef', outcome};
  return aDelegation({directory: `${checkout}/web`, worktree});
}

it.each(['/home/ada/my shop/web', '/home/ada/my shop'])(
  'a reader in %s gets branch, change and one short command, and no path',
  (from) => {
    expect(renderWorktree(withOutcome(KEPT), from)).toEqual([
      'Branch: delegation/a-b-c at c0ffee123456: 1 file changed, 1 insertion(+)',
      'To merge: git merge delegation/a-b-c',
      'To look at it or to drop it: the commands are in its file.',
    ]);
  },
);

it.each(['/home/ada/my shop/docs', '/home/ada', '/'])('a reader in %s is told where to merge', (from) => {
  expect(renderWorktree(withOutcome(KEPT), from)[1]).toBe(
    "To merge: git -C '/home/ada/my shop' merge delegation/a-b-c",
  );
});

it('where not all is on the branch, it says what, and where that is', () => {
  const lines = renderWorktree(withOutcome({...KEPT, notes: ['Not committed: b.txt.']}), '/');
  expect(lines.slice(1, 3)).toEqual(['Worktree: /data/worktrees/shop/a-b-c', 'Not committed: b.txt.']);
});

it('of what ran elsewhere, no place is named that is not here', () => {
  const where = {is: 'pool'} as const;
  const home = {...withOutcome({...KEPT, notes: ['As it was at noon.']}), where};
  expect(renderWorktree(home, '/home/ada/my shop')).toEqual([
    'Branch: delegation/a-b-c at c0ffee123456: 1 file changed, 1 insertion(+)',
    'As it was at noon.',
    'To merge: git merge delegation/a-b-c',
    'To look at it or to drop it: the commands are in its file.',
  ]);
  const lost = {...withOutcome({is: 'kept', diffstat: '', notes: ['It could not be brought home.']}), where};
  expect(renderWorktree(lost, '/')).toEqual(['It could not be brought home.']);
});
