import type {ShownDelegation} from '../../control/shown.ts';
import {facts} from '../../report/format.ts';
import {EXIT, type Invocation} from '../line/command.ts';
import {exitOf} from '../line/outcome.ts';
import {stateOf} from '../terminal/groups.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import {lineOf} from '../terminal/row.ts';
import {observe} from './observe.ts';
import {RecordsOnDisk} from './records.ts';
import {keyOf, onRecord} from './survey.ts';

/**
 * Waits until a delegation has ended, says so on stderr, and resolves with the exit code. What it asks for is said as
 * well: somebody may answer it elsewhere.
 */
export async function waitForEnd(
  {env, cwd, version, terminal}: Invocation,
  delegation: ShownDelegation,
): Promise<number> {
  const records = new RecordsOnDisk(env);
  const interrupt = untilInterrupted();
  const complain = (message: string) => terminal.complain(message);
  let asked = 0;
  try {
    for await (const all of observe({
      records,
      signal: interrupt.signal,
      hello: {env, cwd, version},
      complain,
    })) {
      const shown = all.get(keyOf(delegation)) ?? (await onRecord(delegation, records));
      for (const {number, what} of shown.requests.filter((request) => request.number > asked)) {
        asked = number;
        complain(
          `${shown.id} needs an answer to "${what}": opencode-delegate reply ${shown.id} allow, or deny`,
        );
      }
      if (shown.ended_at === undefined) continue;
      complain(facts(shown.id, stateOf(shown).text, lineOf(shown)));
      return exitOf(shown);
    }
    return EXIT.failed;
  } finally {
    interrupt.done();
  }
}
