import {oneLine} from '../../base/safe-text.ts';
import {usd} from '../../delegation/model/ceiling.ts';
import type {DelegationHead} from '../../delegation/model/delegation.ts';
import {count, counted, duration, facts} from '../../report/format.ts';
import {costLimit} from '../../settings/ceilings.ts';
import {type Command, EXIT, type Invocation, UsageError} from '../line/command.ts';
import {spanIn} from '../line/span.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {SCOPE_OPTIONS, scopeOf} from '../sources/scope.ts';
import {USED_BY, type Used, type UsedBy, usedBy, usedIn} from '../sources/used.ts';
import {type Cell, tableOf} from '../terminal/table.ts';

const BAR_WIDTH = 20;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const ALL_BY = Object.keys(USED_BY) as readonly UsedBy[];

export const stats: Command = {
  usage: '[options]',
  about:
    'Shows how many delegations there were, how long they ran, and what they used, by day, model and agent. The bars stand for cost, or for time where nothing had a price.',
  options: {
    by: {type: 'string', value: 'WHAT', about: `Only by ${ALL_BY.join(', ')}.`, choices: ALL_BY},
    since: {type: 'string', value: 'SPAN', about: 'Only those created since: 12h, 7d, 4w.'},
    json: {type: 'boolean', about: 'As JSON; docs/commands.md describes it.'},
    ...SCOPE_OPTIONS,
  },
  examples: [
    ['stats --since 7d', 'the last week of this project'],
    ['stats --all --by model', 'what each model has cost'],
  ],
  takes: {least: 0, most: 0},
  async run(call) {
    const {terminal, has} = call;
    const {by, from} = wantedIn(call);
    const records = new RecordsOnDisk(call.env);
    const all = await records.all(await scopeOf(call, records));
    const heads = all.filter(({createdAt}) => createdAt >= from);
    const today = {cost: await records.spentToday(), limit: dailyLimitIn(call.env)};
    if (has('json')) terminal.print(JSON.stringify(jsonOf(heads, {by, today}), undefined, 2));
    else terminal.print(...linesOf(heads, {by, call}), ...todayLines(today));
    return EXIT.ok;
  },
};

function wantedIn({text}: Invocation): {readonly by: readonly UsedBy[]; readonly from: number} {
  const [by, since] = [text('by'), text('since')];
  const chosen = by === undefined ? ALL_BY : ALL_BY.filter((one) => one === by);
  if (chosen.length === 0) throw new UsageError(`--by takes ${ALL_BY.join(', ')}, and not "${by}".`);
  const span = since === undefined ? Number.POSITIVE_INFINITY : spanIn(since);
  if (span === undefined)
    throw new UsageError(`--since takes a span of time, 12h or 7d say, and not "${since}".`);
  return {by: chosen, from: Date.now() - span};
}

/** What the delegations of all projects have cost today, in US dollars, and what they may cost. */
interface Today {
  readonly cost: number;
  readonly limit: number | undefined;
}

function dailyLimitIn(env: NodeJS.ProcessEnv): number | undefined {
  const given = env.OPENCODE_DELEGATE_DAILY_COST_USD?.trim() || undefined;
  return costLimit.optional().safeParse(given && Number(given)).data;
}

/** Nothing where there is no limit: what the day has cost stands in the table. */
function todayLines({cost, limit}: Today): readonly string[] {
  if (limit === undefined) return [];
  const over = cost < limit ? '' : ': nothing new is started until midnight';
  return ['', `Today, in all projects: ${usd(cost)} of ${usd(limit)}${over}`];
}

function jsonOf(
  heads: readonly DelegationHead[],
  {by, today: {cost, limit}}: {readonly by: readonly UsedBy[]; readonly today: Today},
): unknown {
  const groups = by.map((one) => [
    `by_${one}`,
    usedBy(one, heads).map(([key, used]) => ({[one]: key, ...shownUse(used)})),
  ]);
  const today = {cost_usd: cost, ...(limit !== undefined && {limit_usd: limit})};
  return {total: shownUse(usedIn(heads)), today, ...Object.fromEntries(groups)};
}

function shownUse({delegations, completed, atLimit, ms, usage}: Used) {
  const {input, output, reasoning, cacheRead, cacheWrite, cost} = usage;
  return {
    ...{delegations, completed, at_limit: atLimit, seconds: Math.round(ms / 1_000)},
    usage: {input, output, reasoning, cache_read: cacheRead, cache_write: cacheWrite, cost_usd: cost},
  };
}

function linesOf(
  heads: readonly DelegationHead[],
  {by, call: {terminal}}: {readonly by: readonly UsedBy[]; readonly call: Invocation},
): readonly string[] {
  if (heads.length === 0) return ['No delegations.'];
  const total = usedIn(heads);
  const measure = total.usage.cost > 0 ? ({usage}: Used) => usage.cost : ({ms}: Used) => ms;
  const groups = by.map((one) => usedBy(one, heads));
  const most = groups.map((group) => Math.max(...group.map(([, used]) => measure(used))));
  const rows = groups.map((group, n) =>
    group.map(([key, used]): readonly Cell[] => [
      {text: oneLine(key), look: 'strong'},
      ...cellsOf(used),
      {text: barOf(measure(used) / (most[n] || 1)), look: 'busy'},
    ]),
  );
  // One table, so that the columns of all groups are as wide.
  const lines = tableOf(rows.flat(), terminal);
  let at = 0;
  return [
    facts(...cellsOf(total).map(({text}) => text)),
    ...by.flatMap((one, n) => {
      const own = lines.slice(at, at + (rows[n]?.length ?? 0));
      at += own.length;
      return ['', terminal.paint('faint', `BY ${one.toUpperCase()}`), ...own];
    }),
  ];
}

function cellsOf({delegations, completed, atLimit, ms, usage}: Used): readonly Cell[] {
  const tokens = usage.input + usage.output + usage.reasoning;
  return [
    {text: counted(delegations, 'delegation')},
    {text: completed === delegations ? '' : `${count(completed)} completed`, look: 'faint'},
    {text: atLimit === 0 ? '' : `${count(atLimit)} at a limit`, look: 'attention'},
    {text: duration(Math.floor(ms / 1_000) * 1_000), look: 'faint'},
    {text: `${count(tokens)} tokens`, look: 'faint'},
    {text: usage.cost === 0 ? '' : `$${usage.cost.toFixed(2)}`},
  ];
}

/** @param part from 0 to 1. */
function barOf(part: number): string {
  const eighths = Math.round(part * BAR_WIDTH * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
