import {messageOf} from '../../src/base/errors.ts';
import {connect} from '../support/client.ts';
import {eventually} from '../support/processes.ts';
import type {World} from './world.ts';

/** After the last kill, everything that is open has an end within this time, also on a busy machine. */
const SETTLE_MS = 180_000;
/** What a record says of work that can be delegated again without anything being done twice. */
const NOT_SENT = /Nothing had been sent to the model|It had not started to run/;

/** Waits until everything has its end, as a client does. */
export async function settle(world: World): Promise<void> {
  const {sandbox, records, findings, clientEnv, work} = world;
  const client = await connect(sandbox, {env: clientEnv});
  try {
    await client.tools();
    await eventually(() => {
      records.look();
      return records.open.length === 0;
    }, SETTLE_MS).catch(() => {});
    for (const {id, state} of records.open) {
      const {text} = await client.read(id, {wait_seconds: 0});
      findings.broken(
        'lost',
        id,
        `it is ${state.status} ${SETTLE_MS / 1_000} s after the last kill. ${text}`,
      );
    }
  } catch (error) {
    findings.broken('stuck', 'the last client', messageOf(error));
  } finally {
    await client.close();
  }
  for (const {id, prompt, state} of records.ended) {
    const isDenied = 'error' in state && NOT_SENT.test(state.error ?? '');
    if (isDenied && (work.of(prompt)?.firstTurns ?? 0) > 0)
      findings.broken('denied', id, `the model was asked, and its record says: ${state.error}`);
  }
  for (const {id, mark} of work.pieces) {
    if (id !== undefined && records.of(id) === undefined)
      findings.broken('lost', id, `${mark} has no record`);
  }
}
