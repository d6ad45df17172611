import type {ShownDelegation} from '../../control/shown.ts';
import type {Named} from '../../delegation/model/delegation.ts';
import {type Command, EXIT} from '../line/command.ts';
import {exitOf} from '../line/outcome.ts';
import {findDelegation} from '../sources/find.ts';
import {type Observed, observe} from '../sources/observe.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {SCOPE_OPTIONS, scopeOf} from '../sources/scope.ts';
import {keyOf, onRecord} from '../sources/survey.ts';
import {grouped} from '../terminal/groups.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import {type LiveLines, liveLines} from '../terminal/live-lines.ts';

export const watch: Command = {
  usage: '[id] [options]',
  about:
    'Shows what runs, live: time, tokens, cost, tool calls and the last thing done. With an id it ends with that delegation, and its exit code says how; without, it goes on until Ctrl-C. Where the output is no terminal, each change is a line.',
  options: SCOPE_OPTIONS,
  examples: [
    ['watch', 'everything that runs in this project'],
    ['watch swift-amber-otter', 'one, until it has ended'],
  ],
  takes: {least: 0, most: 1},
  async run(call) {
    const {args, env, cwd, version, terminal} = call;
    const records = new RecordsOnDisk(env);
    const [given] = args;
    const named =
      given === undefined ? undefined : findDelegation(given, records, await records.projectOf(cwd));
    const project = named === undefined ? await scopeOf(call, records) : undefined;
    const interrupt = untilInterrupted();
    const lines = liveLines(terminal);
    const observed = observe({
      ...{records, signal: interrupt.signal, hello: {env, cwd, version}},
      complain: (message) => terminal.complain(message),
    });
    try {
      if (named !== undefined) return await watchOne(named, {observed, records, lines});
      for await (const all of observed) {
        const inScope = [...all.values()].filter(
          (shown) => project === undefined || records.has(project, shown),
        );
        lines.show(grouped(inScope).flatMap(([, members]) => members));
      }
      return EXIT.ok;
    } finally {
      lines.close();
      interrupt.done();
    }
  },
};

interface Watching {
  readonly observed: AsyncIterable<Observed>;
  readonly records: RecordsOnDisk;
  readonly lines: LiveLines;
}

/** Until it has ended, or the person does not want to watch any longer. */
async function watchOne(named: Named, {observed, records, lines}: Watching): Promise<number> {
  let last: ShownDelegation | undefined;
  for await (const all of observed) {
    last = all.get(keyOf(named)) ?? (await onRecord(named, records));
    lines.show([last]);
    if (last.ended_at !== undefined) break;
  }
  return last === undefined ? EXIT.ok : exitOf(last);
}
