import {join} from 'node:path';
import {Refusal} from '../../base/errors.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {type Delegation, type DelegationHead, hasEnded} from '../../delegation/model/delegation.ts';
import type {Worktree} from '../../delegation/model/worktree.ts';
import type {KeptPlace} from '../../git/change.ts';
import {Git} from '../../git/git.ts';
import {WORKTREES} from '../../store/files/project-name.ts';
import type {Invocation} from '../line/command.ts';
import {findDelegation} from './find.ts';
import {RecordsOnDisk} from './records.ts';

/** A delegation with the worktree that it works or has worked in. */
export interface KeptWork {
  readonly record: Delegation;
  readonly worktree: Worktree;
  readonly place: KeptPlace;
  readonly records: RecordsOnDisk;
}

/** Where worktrees of a data folder are, with a git that runs nothing of theirs. */
export function keptPlaceOf(env: NodeJS.ProcessEnv, records: RecordsOnDisk): KeptPlace {
  return {git: new Git(env), root: join(records.root, WORKTREES)};
}

/**
 * The work of the delegation that the first argument names.
 * @throws Refusal when it had no worktree, or nothing was left in it.
 */
export async function keptWorkOf({args: [given = ''], env, cwd}: Invocation): Promise<KeptWork> {
  const records = new RecordsOnDisk(env);
  const named = findDelegation(given, records, await records.projectOf(cwd));
  const record = await records.read(named);
  if (record === undefined) throw new Refusal(`The record of ${named.id} is gone, or cannot be read.`);
  const {worktree} = record;
  if (worktree === undefined) throw new Refusal(withoutWorktree(record));
  if (worktree.outcome?.is === 'removed')
    throw new Refusal(`${record.id} changed nothing, so its worktree and its branch were removed.`);
  const why = notHome(record);
  if (why !== undefined) throw new Refusal(why);
  return {record, worktree, place: keptPlaceOf(env, records), records};
}

/** Why there is nothing here of what runs elsewhere; `undefined` where its branch has come home. */
export function notHome({id, where, state, worktree}: DelegationHead): string | undefined {
  const outcome = worktree?.outcome;
  if (where === undefined || (outcome?.is === 'kept' && outcome.commit !== undefined)) return undefined;
  return hasEnded(state)
    ? `The branch of ${id} has not come home. opencode-delegate show ${id} says why.`
    : `${id} runs in the pool, and its branch comes home when it ends: opencode-delegate wait ${id}. What its agent does is shown by opencode-delegate logs ${id}.`;
}

/** @throws Refusal while somebody works in it: the delegation itself, or one that continues it. */
export async function ensureNobodyWorks({record, worktree, records}: KeptWork): Promise<void> {
  const open = (await records.open()).filter(({state}) => !hasEnded(state));
  const at = open.find((head) => head.worktree?.path === worktree.path);
  if (at === undefined) return;
  const who = at.id === record.id ? 'It' : `${at.id}, which continues it,`;
  throw new Refusal(
    `${who} still works in the worktree. Wait for its end (opencode-delegate wait ${at.id}), or cancel it.`,
  );
}

function withoutWorktree({id, directory, state}: Delegation): string {
  const files = hasEnded(state) ? state.work.filesChanged : [];
  const changed =
    files.length === 0
      ? 'No file is known that it changed.'
      : `Files that it changed: ${files.map(inQuotes).join(', ')}.`;
  return `${id} has no worktree: its agent works in ${inQuotes(directory)} itself. ${changed}`;
}
