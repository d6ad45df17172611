import {messageOf} from '../../base/errors.ts';
import {oneLine} from '../../base/safe-text.ts';
import {hasEnded} from '../../delegation/model/delegation.ts';
import type {KeptPlace} from '../../git/change.ts';
import {dropWorktree} from '../../git/drop.ts';
import {count, counted} from '../../report/format.ts';
import {type Command, EXIT, type Invocation, UsageError} from '../line/command.ts';
import {spanIn} from '../line/span.ts';
import {keptPlaceOf} from '../sources/kept-work.ts';
import {judgeAll, KEPT_BECAUSE, type Prunable, type PruneVerdict} from '../sources/prunable.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {SCOPE_OPTIONS, scopeOf} from '../sources/scope.ts';
import {age} from '../terminal/age.ts';
import {sizeOf} from '../terminal/size.ts';
import {tableOf} from '../terminal/table.ts';

const DEFAULT_AGE = '30d';
/** More than these are not named. */
const NAMED_RECORDS = 20;

export const prune: Command = {
  usage: '[options]',
  about: `Removes old records, with their worktrees. It only says what it would free, unless you give --yes. What no model has read yet stays, and so does what has no end, what is gone on with, and what has a worktree with work that is not merged.`,
  options: {
    'older-than': {
      type: 'string',
      value: 'SPAN',
      about: `What has ended longer ago than this: 12h, 7d, 8w. Default: ${DEFAULT_AGE}.`,
    },
    yes: {type: 'boolean', short: 'y', about: 'Do it.'},
    'dry-run': {type: 'boolean', about: 'Only say it. This is the default.'},
    json: {type: 'boolean', about: 'What is, or would be, removed as JSON.'},
    ...SCOPE_OPTIONS,
  },
  examples: [
    ['prune --all', 'what would be freed in all projects'],
    ['prune --older-than 90d --yes', 'remove what is older in this project'],
  ],
  takes: {least: 0, most: 0},
  async run(call) {
    const {has, terminal, env} = call;
    if (has('yes') && has('dry-run')) throw new UsageError('Give --yes or --dry-run, not both.');
    const before = Date.now() - ageIn(call);
    const records = new RecordsOnDisk(env);
    const place = keptPlaceOf(env, records);
    const heads = await records.all(await scopeOf(call, records));
    const judged = await judgeAll(heads, {records, place, before});
    const failures: string[] = [];
    const gone = has('yes') ? await removeAll(judged.prunable, {records, place, failures}) : judged.prunable;
    for (const failure of failures) terminal.complain(failure);
    if (has('json')) terminal.print(JSON.stringify(jsonOf({...judged, prunable: gone}), undefined, 2));
    else terminal.print(...linesOf({...judged, prunable: gone}, call));
    return failures.length > 0 ? EXIT.failed : EXIT.ok;
  },
};

function ageIn({text}: Invocation): number {
  const given = text('older-than') ?? DEFAULT_AGE;
  const span = spanIn(given);
  if (span === undefined)
    throw new UsageError(`--older-than takes a span of time, 30d or 12h say, and not "${given}".`);
  return span;
}

interface RemoveOptions {
  readonly records: RecordsOnDisk;
  readonly place: KeptPlace;
  readonly failures: string[];
}

/** Resolves with those that are gone. */
async function removeAll(
  all: readonly Prunable[],
  {records, place, failures}: RemoveOptions,
): Promise<readonly Prunable[]> {
  const gone: Prunable[] = [];
  for (const one of all) {
    const {head, worktree} = one;
    const isGone = await records
      .exclusively(head, async () => {
        // Somebody may have gone on with it since.
        const open = (await records.open()).filter(({state}) => !hasEnded(state));
        const isUsed = open.some(
          (other) => other.continues?.id === head.id || (worktree && other.worktree?.path === worktree.path),
        );
        if (isUsed) return false;
        if (worktree !== undefined) failures.push(...(await dropWorktree(place.git, worktree)));
        await records.remove(head);
        return true;
      })
      .catch((error: unknown) => {
        failures.push(`${head.id} could not be removed: ${messageOf(error)}`);
        return false;
      });
    if (isGone === true) gone.push(one);
  }
  return gone;
}

function jsonOf({prunable, kept}: PruneVerdict): unknown {
  return {
    bytes: bytesIn(prunable),
    delegations: prunable.map(({head: {project, id}, worktree, bytes}) => ({
      ...{project, id, bytes},
      ...(worktree !== undefined && {worktree: worktree.path}),
    })),
    kept: Object.fromEntries(KEPT_BECAUSE.map((why) => [why, kept.filter((one) => one === why).length])),
  };
}

function linesOf({prunable, kept}: PruneVerdict, {terminal, has}: Invocation): readonly string[] {
  const now = Date.now();
  const worktrees = prunable.filter(({worktree}) => worktree !== undefined).length;
  const what = [
    counted(prunable.length, 'record'),
    ...(worktrees > 0 ? [counted(worktrees, 'worktree')] : []),
  ];
  const rows = prunable
    .slice(0, NAMED_RECORDS)
    .map(({head, bytes}) => [
      {text: head.id, look: 'strong'} as const,
      {text: hasEnded(head.state) ? age(head.state.endedAt, now) : '', look: 'faint'} as const,
      {text: sizeOf(bytes), look: 'faint'} as const,
      {text: oneLine(head.title)},
    ]);
  const more = prunable.length - rows.length;
  const reasons = KEPT_BECAUSE.map((why) => [kept.filter((one) => one === why).length, why] as const)
    .filter(([n]) => n > 0)
    .map(([n, why]) => `${count(n)} ${why}`);
  if (prunable.length === 0 && kept.length === 0) return ['Nothing is that old.'];
  return [
    `${has('yes') ? 'Freed' : 'Would free'}: ${what.join(' and ')}, ${sizeOf(bytesIn(prunable))}`,
    ...tableOf(rows, terminal).map((row) => `  ${row}`),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
    ...(reasons.length > 0 ? [`Kept, although old: ${reasons.join(', ')}`] : []),
    ...(has('yes') || prunable.length === 0 ? [] : ['To do it, add --yes.']),
  ];
}

function bytesIn(prunable: readonly Prunable[]): number {
  return prunable.reduce((sum, {bytes}) => sum + bytes, 0);
}
