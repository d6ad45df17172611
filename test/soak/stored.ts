import {type Ended, hasEnded} from '../../src/delegation/model/delegation.ts';
import {turnOf} from '../../src/opencode/transcript/turn.ts';
import {judgeTurn} from '../../src/opencode/transcript/verdict.ts';
import {UserOpenCode} from '../support/user-opencode.ts';
import {plain} from './plain.ts';
import type {World} from './world.ts';

/** Asks OpenCode what it has stored of everything that was interrupted: a whole answer may not be among it. */
export async function expectNoneWithheld({sandbox, records, findings, counts, work}: World): Promise<void> {
  const opencode = await UserOpenCode.start(sandbox);
  try {
    for (const {id, state, continues, prompt} of records.ended) {
      if (!hasEnded(state) || state.status === 'completed' || state.sessionId === undefined) continue;
      const {data = []} = await opencode.client.session.messages({sessionID: state.sessionId});
      const turn = turnOf(data, {delegationId: id, isContinued: continues !== undefined});
      const verdict = judgeTurn(turn);
      // A session that was opened in vain and continued later holds the answer to another prompt.
      if (verdict.is !== 'answered' || verdict.text !== work.of(prompt)?.answer) continue;
      const {info} = turn.at(-1) ?? {};
      const storedAt = info?.role === 'assistant' ? (info.time.completed ?? 0) : 0;
      // The one who gave it its end has looked before; that OpenCode still wrote then is worth a look, and breaks nothing.
      if (storedAt > state.endedAt)
        counts.add(`answers stored after the end "${state.status}: ${plain(state.error ?? '')}"`, 1);
      else findings.broken('withheld', id, explain(state, storedAt));
    }
  } finally {
    await opencode.kill();
  }
}

function explain({status, endedAt, error}: Ended, storedAt: number): string {
  return `its end is ${status} (${error}), ${endedAt - storedAt} ms after OpenCode had stored its answer`;
}
