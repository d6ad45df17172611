import type {LostRun, Run, RunEnd, Runner, RunObserver, RunRequest} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import type {OpenCode} from './opencode.ts';
import type {RunawayLimits} from './runaway.ts';
import {SessionRun} from './session-run.ts';
import {SessionWork} from './session-work.ts';
import {settle} from './settlement.ts';

export interface RunnerOptions {
  readonly opencode: OpenCode;
  /** The one that holds `read-only`. */
  readonly guarded: OpenCode;
  readonly log: Logger;
  readonly limits: RunawayLimits;
  /** Names of the MCP tools that a read-only delegation keeps; they may have wildcards. */
  readonly readOnlyTools: readonly string[];
}

/** Runs each delegation in an OpenCode session of its own. */
export class OpenCodeRunner implements Runner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(request: RunRequest, observer: RunObserver): Run {
    return new SessionRun({...this.#options, request, observer});
  }

  settle({delegationId, directory, sessionId, cause}: LostRun): Promise<RunEnd> {
    const {opencode, log} = this.#options;
    const work = new SessionWork({directory, log});
    return settle({opencode, delegationId, directory, sessionId, work, cause});
  }
}
