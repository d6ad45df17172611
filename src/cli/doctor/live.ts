import {duration} from '../../report/format.ts';
import type {Invocation} from '../line/command.ts';
import {atHost} from '../sources/acting.ts';
import {observe} from '../sources/observe.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {keyOf, onRecord} from '../sources/survey.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import {type Finding, failed, fine} from './finding.ts';

const WHAT = 'Live answer';
const PROMPT = 'This is a test of the connection. Answer with the one word: ok';
const MINUTES = 2;

/** Has the model answer with one word, through a delegation as any other. */
export async function checkLive(call: Invocation): Promise<Finding> {
  const {env, cwd, version} = call;
  const records = new RecordsOnDisk(env);
  const interrupt = untilInterrupted();
  const begun = performance.now();
  try {
    const asked = {prompt: PROMPT, directory: cwd, access: 'read-only', timeout_minutes: MINUTES} as const;
    const {delegation} = await atHost(call, (host) => host.ask({op: 'start', ...asked}));
    if (delegation === undefined) return failed(WHAT, 'The host has not said what it started.');
    const observed = observe({
      ...{records, signal: interrupt.signal, hello: {env, cwd, version}},
      complain: () => {},
    });
    for await (const all of observed) {
      const {
        ended_at,
        status,
        error = status,
        model,
      } = all.get(keyOf(delegation)) ?? (await onRecord(delegation, records));
      if (ended_at === undefined) continue;
      const took = duration(performance.now() - begun);
      return status === 'completed'
        ? fine(WHAT, `${model} has answered after ${took}, in ${delegation.id}.`)
        : failed(
            WHAT,
            `${delegation.id}: ${error}`,
            `opencode-delegate logs ${delegation.id} shows all of it.`,
          );
    }
    return failed(WHAT, 'It was interrupted.');
  } catch (error) {
    return failed(WHAT, error);
  } finally {
    interrupt.done();
  }
}
