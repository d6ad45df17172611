import {Refusal} from '../../base/errors.ts';
import {inQuotes, oneLine} from '../../base/safe-text.ts';
import {mergeCommand, type Worktree} from '../../delegation/model/worktree.ts';
import {type Applied, applyChange} from '../../git/apply.ts';
import {type KeptPlace, withChange} from '../../git/change.ts';
import {counted} from '../../report/format.ts';
import {type Command, EXIT, type Invocation} from '../line/command.ts';
import {ensureNobodyWorks, keptWorkOf} from '../sources/kept-work.ts';

/** More than these are not named. */
const NAMED_FILES = 20;

export const apply: Command = {
  usage: '<id> [--dirty]',
  about:
    'Puts what a delegation has changed in its worktree into your checkout, as changes that are not committed: those of the checkout that you are in, or else of the one that it was delegated from. Where that is not clean, it is refused. Where it conflicts, your files stay exactly as they are, and the files that conflict are named.',
  options: {dirty: {type: 'boolean', about: 'Also where there are changes that are not committed.'}},
  examples: [
    ['apply swift-amber-otter', 'take the change over'],
    ['apply swift-amber-otter --dirty', 'on top of your own changes'],
  ],
  takes: {least: 1, most: 1},
  async run(call) {
    const {has, terminal} = call;
    const work = await keptWorkOf(call);
    await ensureNobodyWorks(work);
    const {worktree, place, record} = work;
    const directory = await checkoutFor(worktree, place, call);
    return withChange(place, worktree, async (change) => {
      const applied = await applyChange(place.git, change, {directory, allowsDirty: has('dirty')});
      if (applied.is === 'applied' || applied.is === 'there') {
        const kept = worktree.outcome?.is === 'kept' ? worktree.outcome.notes : [];
        for (const note of [...change.notes, ...applied.notes, ...(change.hasFolder ? kept : [])])
          terminal.complain(note);
      }
      const merge = mergeCommand(worktree, {directory: record.directory, from: call.cwd});
      return told(applied, {call, id: record.id, directory, merge});
    });
  },
};

function told(
  applied: Applied,
  {call: {terminal}, id, directory, merge}: {call: Invocation; id: string; directory: string; merge: string},
): number {
  const place = inQuotes(directory);
  switch (applied.is) {
    case 'applied':
      terminal.print(
        `Changed in ${place}, and not committed: ${counted(applied.files.length, 'file')}`,
        ...named(applied.files),
      );
      return EXIT.ok;
    case 'there':
      terminal.print(`All that ${id} has changed is in ${place} already.`);
      return EXIT.ok;
    case 'dirty':
      throw new Refusal(
        `${place} has changes that are not committed. Nothing has changed. Commit or stash them, or say --dirty to add to them:\n${named(applied.files).join('\n')}`,
      );
    case 'conflicting':
      terminal.complain(
        [`It conflicts with ${place}, where nothing has changed:`, ...named(applied.files)].join('\n'),
      );
      terminal.complain(`To resolve it yourself, merge the branch: ${merge}`);
      return EXIT.failed;
    case 'refused':
      terminal.complain(`Git could not put it into ${place}, where nothing has changed: ${applied.why}`);
      return EXIT.failed;
  }
}

/** The checkout that the person is in, where it is one of the same repository; else the one it was made from. */
async function checkoutFor(worktree: Worktree, {git}: KeptPlace, {cwd}: Invocation): Promise<string> {
  const here = await git.locate(cwd).catch(() => undefined);
  const own = worktree.commonDir ?? (await git.at(worktree.checkout)).folders.commonDir;
  const isOther = here === undefined || here.folders.commonDir !== own;
  return isOther || here.folders.workTree === worktree.path ? worktree.checkout : here.folders.workTree;
}

function named(files: readonly string[]): readonly string[] {
  const shown = files.slice(0, NAMED_FILES).map((file) => `  ${oneLine(file)}`);
  const more = files.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more`] : shown;
}
