import type {ShownDelegation} from '../../control/shown.ts';
import {shownOfHead} from '../../control/shown.ts';
import {hasEnded, STATUSES} from '../../delegation/model/delegation.ts';
import {type Command, EXIT, type Invocation, UsageError} from '../line/command.ts';
import {spanIn} from '../line/span.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {SCOPE_OPTIONS, scopeOf} from '../sources/scope.ts';
import {connectedHosts, keyOf, openNow} from '../sources/survey.ts';
import {grouped} from '../terminal/groups.ts';
import {rowOf} from '../terminal/row.ts';
import {tableOf} from '../terminal/table.ts';

const DEFAULT_LIMIT = 30;

export const list: Command = {
  usage: '[options]',
  about:
    'Lists delegations: those that need an answer of yours first, then running, queued, ended and not read by a model yet, and all other ended ones. It starts nothing.',
  options: {
    status: {
      type: 'string',
      value: 'STATUS',
      about: `Only these: ${STATUSES.join(', ')}, blocked.`,
      choices: [...STATUSES, 'blocked'],
    },
    since: {type: 'string', value: 'SPAN', about: 'Only those created since: 90s, 10m, 2h, 7d.'},
    search: {
      type: 'string',
      value: 'TEXT',
      about: 'Only those with this text in id, title, summary, agent or model.',
    },
    unread: {type: 'boolean', about: 'Only ended ones that no model has read.'},
    limit: {
      type: 'string',
      short: 'n',
      value: 'N',
      about: `At most so many ended ones. Default: ${DEFAULT_LIMIT}.`,
    },
    json: {type: 'boolean', about: 'As JSON; docs/commands.md describes it.'},
    ...SCOPE_OPTIONS,
  },
  examples: [
    ['list', "this project's delegations"],
    ['list --all --status running', 'all that run, in every project'],
    ['list --since 1d --json', 'those of the last day, for a program'],
  ],
  takes: {least: 0, most: 0},
  async run(call) {
    const {terminal, has} = call;
    const records = new RecordsOnDisk(call.env);
    const project = await scopeOf(call, records);
    const found = await delegationsFor(call, records, project);
    if (has('json')) {
      terminal.print(JSON.stringify(found, undefined, 2));
      return EXIT.ok;
    }
    terminal.print(...linesFor(found, {call, hasProject: project === undefined}));
    return EXIT.ok;
  },
};

async function delegationsFor(
  call: Invocation,
  records: RecordsOnDisk,
  project: string | undefined,
): Promise<readonly ShownDelegation[]> {
  const {text, terminal} = call;
  const limit = limitIn(text('limit'));
  const isFiltered =
    ['status', 'since', 'search'].some((name) => text(name) !== undefined) || call.has('unread');
  const hosts = await connectedHosts(call, (message) => terminal.complain(message));
  try {
    const open = await openNow(hosts, records);
    const known = new Set(open.map(keyOf));
    const heads = isFiltered ? await records.all(project) : records.newest(limit, project);
    const ended = heads.filter((head) => hasEnded(head.state) && !known.has(keyOf(head))).map(shownOfHead);
    const isWanted = filterOf(call);
    const inScope = open
      .filter((shown) => project === undefined || records.has(project, shown))
      .filter(isWanted);
    return grouped([...inScope, ...ended.filter(isWanted).slice(0, limit)]).flatMap(([, members]) => members);
  } finally {
    for (const host of hosts) host.close();
  }
}

function linesFor(
  found: readonly ShownDelegation[],
  {call: {terminal}, hasProject}: {call: Invocation; hasProject: boolean},
): readonly string[] {
  const now = Date.now();
  if (found.length === 0) return ['No delegations.'];
  const groups = grouped(found);
  const rows = tableOf(
    groups.flatMap(([, members]) => members.map((shown) => rowOf(shown, {now, hasProject}))),
    terminal,
  );
  let at = 0;
  return groups.flatMap(([group, members], n) => {
    const lines = rows.slice(at, at + members.length);
    at += members.length;
    const heading = terminal.paint('faint', `${group.toUpperCase()} (${members.length})`);
    return [...(n === 0 ? [] : ['']), heading, ...lines];
  });
}

function filterOf({text, has}: Invocation): (shown: ShownDelegation) => boolean {
  const [status, since, search] = [text('status'), text('since'), text('search')?.toLowerCase()];
  if (status !== undefined && status !== 'blocked' && !(STATUSES as readonly string[]).includes(status))
    throw new UsageError(`There is no status "${status}". There are: ${STATUSES.join(', ')}, blocked.`);
  const span = since === undefined ? undefined : spanIn(since);
  if (since !== undefined && span === undefined)
    throw new UsageError(`--since takes a span of time, 2h or 7d say, and not "${since}".`);
  const from = span === undefined ? 0 : Date.now() - span;
  return (shown) =>
    (status === undefined || (status === 'blocked' ? shown.blocked : shown.status === status)) &&
    Date.parse(shown.created_at) >= from &&
    (!has('unread') || shown.unread) &&
    (search === undefined || textOf(shown).includes(search));
}

function textOf({id, title, summary, agent, model}: ShownDelegation): string {
  return [id, title, summary, agent, model].join('\n').toLowerCase();
}

function limitIn(given: string | undefined): number {
  if (given === undefined) return DEFAULT_LIMIT;
  const limit = Number(given);
  if (!Number.isInteger(limit) || limit < 0)
    throw new UsageError(`--limit takes a whole number, and not "${given}".`);
  return limit;
}
