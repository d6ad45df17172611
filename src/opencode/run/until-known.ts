import {pause} from '../../base/pause.ts';
import type {NothingSent, RunEnd} from '../../delegation/model/run.ts';
import {type PostMortemOptions, postMortem} from './post-mortem.ts';

/** Between two attempts to ask what became of a session, at first and at most. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;

export interface UntilKnownOptions extends PostMortemOptions {
  /** Aborts when nobody wants to know any more. */
  readonly signal: AbortSignal;
  /** Called after each attempt that did not tell, with why, as a sentence. */
  readonly onNotKnown: (why: string) => void;
}

/**
 * As {@link postMortem}, again and again until OpenCode tells: the next server may be killed as well while it starts, or
 * not be there for a while. `undefined` when the signal came first. Never rejects.
 */
export async function untilKnown({
  signal,
  onNotKnown,
  ...lost
}: UntilKnownOptions): Promise<RunEnd | NothingSent | undefined> {
  for (let wait = FIRST_PAUSE_MS; !signal.aborted; wait = Math.min(wait * 2, LAST_PAUSE_MS)) {
    const end = await postMortem(lost);
    if (end.outcome !== 'not known') return end;
    onNotKnown(end.why);
    await pause(wait, {signal});
  }
  return undefined;
}
