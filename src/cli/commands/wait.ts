import {pause} from '../../base/pause.ts';
import type {ShownDelegation} from '../../control/shown.ts';
import type {Named} from '../../delegation/model/delegation.ts';
import {facts} from '../../report/format.ts';
import {type Command, EXIT, type Invocation, UsageError} from '../line/command.ts';
import {exitOf} from '../line/outcome.ts';
import {spanIn} from '../line/span.ts';
import {findDelegation} from '../sources/find.ts';
import {observe} from '../sources/observe.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {SCOPE_OPTIONS, scopeOf} from '../sources/scope.ts';
import {keyOf, onRecord} from '../sources/survey.ts';
import {stateOf} from '../terminal/groups.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import {lineOf} from '../terminal/row.ts';

export const wait: Command = {
  usage: '[id…] [options]',
  about:
    'Waits until all of these delegations have ended, or any. Without ids: until all that are open in the project have ended; where none is, it waits for one to come. Each end is a line on stdout.',
  options: {
    any: {
      type: 'boolean',
      about:
        'Until the first of them has ended, or needs an answer (3). Where none is open, exit with 1 at once.',
    },
    'exit-status': {
      type: 'boolean',
      about: 'Exit with 1 when one did not complete, and at once with 3 when one needs an answer.',
    },
    'fail-fast': {type: 'boolean', about: 'Exit with 1 as soon as one did not complete.'},
    timeout: {type: 'string', value: 'SPAN', about: 'Exit with 124 after this time: 90s, 10m, 2h.'},
    ...SCOPE_OPTIONS,
  },
  examples: [
    ['wait swift-amber-otter && make', 'go on when it has ended'],
    ['wait --any --timeout 10m', 'the first of all that are open'],
  ],
  takes: {least: 0, most: Number.POSITIVE_INFINITY},
  async run(call) {
    const records = new RecordsOnDisk(call.env);
    const interrupt = untilInterrupted();
    const limit = timeoutOf(call);
    let isTimedOut = false;
    const over = new AbortController();
    interrupt.signal.addEventListener('abort', () => over.abort(), {once: true});
    if (limit !== undefined) {
      void pause(limit, {signal: over.signal}).then(() => {
        isTimedOut = !over.signal.aborted;
        over.abort();
      });
    }
    try {
      const code = await waitFor(await wanted(call, records), {call, records, signal: over.signal});
      if (code !== undefined) return code;
      return isTimedOut ? EXIT.timedOut : EXIT.failed;
    } finally {
      over.abort();
      interrupt.done();
    }
  },
};

/** Which ones are waited for, when they are named; else what makes a delegation one of them. */
type Wanted = {readonly named: readonly Named[]} | {readonly isIn: (shown: ShownDelegation) => boolean};

async function wanted(call: Invocation, records: RecordsOnDisk): Promise<Wanted> {
  const {args, cwd} = call;
  if (args.length > 0) {
    const project = await records.projectOf(cwd);
    return {named: args.map((given) => findDelegation(given, records, project))};
  }
  const project = await scopeOf(call, records);
  return {isIn: (shown) => project === undefined || records.has(project, shown)};
}

/** Resolves with the exit code; `undefined` when the signal aborted first. */
async function waitFor(
  what: Wanted,
  {call, records, signal}: {call: Invocation; records: RecordsOnDisk; signal: AbortSignal},
): Promise<number | undefined> {
  const {env, cwd, version, terminal, has} = call;
  const told = new Set<string>();
  const observed = observe({
    ...{records, signal, hello: {env, cwd, version}},
    complain: (message) => terminal.complain(message),
  });
  for await (const all of observed) {
    const waited =
      'named' in what
        ? await Promise.all(
            what.named.map(async (one) => all.get(keyOf(one)) ?? (await onRecord(one, records))),
          )
        : [...all.values()].filter(what.isIn);
    const ended = waited.filter(({ended_at}) => ended_at !== undefined);
    for (const shown of ended.filter((one) => !told.has(keyOf(one)))) {
      told.add(keyOf(shown));
      terminal.print(facts(shown.id, stateOf(shown).text, lineOf(shown)));
    }
    const isFailed = ended.some(({status}) => status !== 'completed');
    if (has('fail-fast') && isFailed) return EXIT.failed;
    if (has('any') && ended.length === 0) {
      const asking = waited.find(({blocked}) => blocked);
      if (asking !== undefined) terminal.print(facts(asking.id, stateOf(asking).text, lineOf(asking)));
      if (asking !== undefined) return EXIT.needsAnswer;
      if (waited.length === 0) {
        terminal.complain('Nothing to wait for: no delegation runs or waits.');
        return EXIT.failed;
      }
    }
    if (has('exit-status') && waited.some(({blocked}) => blocked)) return EXIT.needsAnswer;
    const isDone = has('any') ? ended.length > 0 : waited.length > 0 && ended.length === waited.length;
    if (isDone) return has('exit-status') ? Math.max(...ended.map(exitOf)) : EXIT.ok;
  }
  return undefined;
}

function timeoutOf({text}: Invocation): number | undefined {
  const given = text('timeout');
  if (given === undefined) return undefined;
  const span = spanIn(given);
  if (span === undefined)
    throw new UsageError(`--timeout takes a span of time, 90s or 10m say, and not "${given}".`);
  return span;
}
