import {Refusal} from '../../base/errors.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {withChange} from '../../git/change.ts';
import {dropWorktree, unmergedIn} from '../../git/drop.ts';
import {type Command, EXIT} from '../line/command.ts';
import {ensureNobodyWorks, keptWorkOf} from '../sources/kept-work.ts';

export const drop: Command = {
  usage: '<id> [--force]',
  about:
    'Removes the worktree of a delegation and its branch. Its record stays. It is refused while work would be lost: what no other branch contains, and what the commit that you have checked out does not have either.',
  options: {force: {type: 'boolean', about: 'Also with work that is nowhere else.'}},
  examples: [
    ['drop swift-amber-otter', 'when its branch is merged, or its change is applied and committed'],
    ['drop swift-amber-otter --force', 'when you do not want it'],
  ],
  takes: {least: 1, most: 1},
  async run(call) {
    const {has, terminal} = call;
    const work = await keptWorkOf(call);
    await ensureNobodyWorks(work);
    const {record, worktree, place, records} = work;
    const lost = await withChange(place, worktree, (change) => unmergedIn(place.git, worktree, change));
    if (lost.length > 0 && !has('force'))
      throw new Refusal(
        [
          'Work would be lost. Nothing has changed. To remove it all the same, say --force.',
          ...lost.map((why) => `  ${why}`),
        ].join('\n'),
      );
    const notes = await records.exclusively(record, async () => {
      // Somebody may have gone on in it since.
      await ensureNobodyWorks(work);
      return dropWorktree(place.git, worktree);
    });
    if (notes === undefined) throw new Refusal(`Somebody else is at work on ${record.id}. Try it again.`);
    for (const note of notes) terminal.complain(note);
    // Of what ran in a pool, there was never a folder here.
    const removed = [
      ...(record.where === undefined ? [inQuotes(worktree.path)] : []),
      ...(notes.length === 0 ? [`the branch ${worktree.branch}`] : []),
    ];
    if (removed.length > 0) terminal.print(`Removed: ${removed.join(' and ')}`);
    return EXIT.ok;
  },
};
