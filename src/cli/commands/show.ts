import {Refusal} from '../../base/errors.ts';
import {manyLines, oneLine} from '../../base/safe-text.ts';
import {type ShownDelegation, shownOfHead} from '../../control/shown.ts';
import {type Delegation, hasEnded} from '../../delegation/model/delegation.ts';
import {counted, duration, facts} from '../../report/format.ts';
import {renderDuration, renderOutcome} from '../../report/outcome.ts';
import {jsonIn} from '../../schema/json-in.ts';
import {type Command, EXIT} from '../line/command.ts';
import {exitOf} from '../line/outcome.ts';
import {findDelegation} from '../sources/find.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {connectedHosts, keyOf, openNow} from '../sources/survey.ts';
import {stateOf} from '../terminal/groups.ts';
import type {Terminal} from '../terminal/terminal.ts';

export const show: Command = {
  usage: '<id> [--raw | --json]',
  about:
    'Shows a delegation: how it stands, what it was asked, and its result. It stays unread for models: they are still told of it. The exit code is 0 when it has completed or goes on, 1 when it ended otherwise, 3 when it needs an answer.',
  options: {
    raw: {type: 'boolean', about: 'The file as it is, in Markdown.'},
    json: {type: 'boolean', about: 'What is known of it as JSON, with prompt and text.'},
  },
  examples: [
    ['show swift-amber-otter', 'read a result'],
    ['show swift --raw | less', 'the whole file; the beginning of an id is enough'],
  ],
  takes: {least: 1, most: 1},
  async run({args: [given = ''], env, cwd, version, has, terminal}) {
    const records = new RecordsOnDisk(env);
    const named = findDelegation(given, records, await records.projectOf(cwd));
    const record = await records.read(named);
    if (record === undefined)
      throw new Refusal(`The record of ${named.id} cannot be read: ${records.artifact(named)}`);
    if (has('raw')) {
      terminal.write((await records.text(named)) ?? '');
      return EXIT.ok;
    }
    const hosts = hasEnded(record.state)
      ? []
      : await connectedHosts({env, cwd, version}, (message) => terminal.complain(message));
    const open = await openNow(hosts, records);
    for (const host of hosts) host.close();
    const shown = open.find((one) => keyOf(one) === keyOf(named)) ?? shownOfHead(record);
    if (has('json')) terminal.print(JSON.stringify({...shown, ...longOf(record)}, undefined, 2));
    else terminal.print(...linesOf(record, shown, {terminal, cwd, file: records.artifact(named)}));
    return exitOf(shown);
  },
};

/** What `--json` has besides what a list has: all texts, and of an answer that fits its schema the value. */
function longOf({prompt, text, messages, expect, state}: Delegation) {
  const isFitting = expect !== undefined && state.status === 'completed';
  return {
    ...{prompt, text},
    ...(expect !== undefined && {expect: jsonIn(expect)?.value}),
    ...(isFitting && {value: jsonIn(text)?.value}),
    ...(messages !== undefined && {
      messages: messages.map(({text: said, at, readAt}) => ({
        ...{text: said, at: new Date(at).toISOString()},
        ...(readAt !== undefined && {read_at: new Date(readAt).toISOString()}),
      })),
    }),
  };
}

function linesOf(
  record: Delegation,
  shown: ShownDelegation,
  {terminal, cwd, file}: {terminal: Terminal; cwd: string; file: string},
): readonly string[] {
  const {state} = record;
  const {text, look} = stateOf(shown);
  const heading = (words: string) => terminal.paint('strong', words);
  const more = hasEnded(state)
    ? renderDuration(state)
    : `for ${duration(Date.now() - Date.parse(shown.started_at ?? shown.created_at))}`;
  const outcome = hasEnded(state) ? renderOutcome(record, {state, from: cwd}) : goingOn(shown);
  return [
    heading(oneLine(record.title)),
    facts(
      record.id,
      terminal.paint(look, text),
      more,
      oneLine(record.agent),
      oneLine(record.model),
      record.access,
    ),
    terminal.paint('faint', `${oneLine(record.directory)} · ${oneLine(file)}`),
    ...outcome.map(manyLines),
    '',
    heading('Prompt'),
    manyLines(record.prompt),
    ...(record.text === '' ? [] : ['', heading('Result'), manyLines(record.text)]),
  ];
}

function goingOn(shown: ShownDelegation): readonly string[] {
  const {activity, tool_calls, requests, queue, notes, id, near_limit: near} = shown;
  return [
    ...(near === undefined ? [] : [`Near its limit: ${near}`]),
    ...(queue === undefined ? [] : [`Place ${queue.place}: ${queue.reason}`]),
    ...(activity === undefined || activity.last === ''
      ? []
      : [`Last: ${activity.last}, after ${counted(tool_calls, 'tool call')}`]),
    ...requests.flatMap(({number, what, details}) => [
      `Request ${number}: ${what}`,
      ...details.map((one) => `  ${one}`),
    ]),
    ...(requests.length === 0 ? [] : [`To answer: opencode-delegate reply ${id} allow (or deny)`]),
    ...notes,
  ];
}
