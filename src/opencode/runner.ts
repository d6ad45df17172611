import type {LostRun, Run, RunEnd, Runner, RunObserver, RunRequest} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import type {OpenCode} from './opencode.ts';
import type {RunawayLimits} from './runaway.ts';
import {SessionRun} from './session-run.ts';
import {SessionWork} from './session-work.ts';
import {settle} from './settlement.ts';

/** Runs each delegation in an OpenCode session of its own. */
export class OpenCodeRunner implements Runner {
  readonly #opencode: OpenCode;
  readonly #log: Logger;
  readonly #limits: RunawayLimits;

  constructor({opencode, log, limits}: {opencode: OpenCode; log: Logger; limits: RunawayLimits}) {
    this.#opencode = opencode;
    this.#log = log;
    this.#limits = limits;
  }

  start(request: RunRequest, observer: RunObserver): Run {
    return new SessionRun({
      opencode: this.#opencode,
      log: this.#log,
      limits: this.#limits,
      request,
      observer,
    });
  }

  settle({delegationId, directory, sessionId, cause}: LostRun): Promise<RunEnd> {
    const work = new SessionWork({directory, log: this.#log});
    return settle({opencode: this.#opencode, delegationId, directory, sessionId, work, cause});
  }
}
