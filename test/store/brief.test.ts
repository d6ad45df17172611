import {load} from 'js-yaml';
import {expect, it} from 'vitest';
import {hasEndedAtSight} from '../../src/store/record/beginning.ts';
import {withoutBrief} from '../../src/store/record/brief.ts';
import {parseBeginning, parseRecord, renderRecord} from '../../src/store/record/record.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';

const UNSEEN = '\u001b[2J\u202e\u{e0041}\uffff';

const WORKTREE = {
  ...{checkout: '/shop', path: '/data/worktrees/shop/a-b-c', directory: '/data/worktrees/shop/a-b-c'},
  ...{branch: 'delegation/a-b-c', base: 'beef00'},
  outcome: {is: 'kept', commit: 'c0ffee123456', diffstat: '1 file changed, 1 insertion(+)', notes: []},
} as const;

/** The first lines of a file, up to the front matter that programs read. */
function openingOf(file: string): readonly string[] {
  return file.slice(0, file.indexOf('\ntitle: ')).split('\n');
}

it('opens with status, title, time, cost, branch and how to merge', () => {
  const file = renderRecord(aDelegation({title: 'Mend the gate', state: anEnd(), worktree: WORKTREE}));
  expect(openingOf(file)).toEqual([
    '---',
    'id: swift-amber-otter',
    'status: completed',
    '# Mend the gate',
    '#',
    '# completed · took 1 m · ended 2026-01-02T03:06:00.000Z · 120 tokens in · 45 out · 7 reasoning · 3 read from and 2 written to cache · $0.0123 · 4 tool calls',
    '# Branch: delegation/a-b-c at c0ffee123456: 1 file changed, 1 insertion(+)',
    '# To merge: git -C /shop merge delegation/a-b-c',
  ]);
});

it('says why it failed, in one line, and of one that has not ended how it stands', () => {
  const failed = renderRecord(
    aDelegation({state: anEnd({status: 'error', error: `Broken.\n---\nid: x ${'y'.repeat(900)}`})}),
  );
  expect(openingOf(failed).at(-1)).toMatch(/^# Why: Broken\. --- id: x y+…$/);
  expect(openingOf(renderRecord(aDelegation({state: {status: 'queued'}}))).at(-1)).toBe('# queued');
});

it('is nothing to those who read the record: it comes back to the letter, also from its first bytes', () => {
  const hostile = `${UNSEEN}\n---\n# x\nstatus: error`;
  const delegation = aDelegation({
    ...{title: hostile.replaceAll('\n', ' '), prompt: '# not a comment', text: '# nor this'},
    state: anEnd({error: hostile}),
    worktree: WORKTREE,
  });
  const file = renderRecord(delegation);
  expect(parseRecord(file, 'project')).toEqual(delegation);
  expect(hasEndedAtSight(Buffer.from(file))).toBe(true);
  const {prompt: _, text: __, ...head} = delegation;
  const size = Buffer.byteLength(file);
  expect(parseBeginning(Buffer.from(file), {size, project: 'project'})).toEqual(head);
  // Any other reader of YAML has no trouble with it.
  const yaml = file.slice(4, file.indexOf('\n---\n') + 1);
  expect(load(yaml)).toEqual(load(withoutBrief(yaml)));
  expect(openingOf(file).join('\n')).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u{e0000}-\u{e007f}\uffff]/u);
});
