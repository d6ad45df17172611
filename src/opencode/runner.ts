import type {LostRun, Run, RunEnd, Runner, RunObserver, RunRequest} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import type {OpenCode} from './opencode.ts';
import {SessionRun} from './session-run.ts';
import {SessionWork} from './session-work.ts';
import {settle} from './settlement.ts';

export interface RunnerOptions {
  readonly opencode: OpenCode;
  readonly log: Logger;
  /** Names of the MCP tools that a read-only delegation keeps; they may have wildcards. */
  readonly readOnlyTools: readonly string[];
}

/** Runs each delegation in an OpenCode session of its own. */
export class OpenCodeRunner implements Runner {
  readonly #opencode: OpenCode;
  readonly #log: Logger;
  readonly #readOnlyTools: readonly string[];

  constructor({opencode, log, readOnlyTools}: RunnerOptions) {
    this.#opencode = opencode;
    this.#readOnlyTools = readOnlyTools;
    this.#log = log;
  }

  start(request: RunRequest, observer: RunObserver): Run {
    const readOnlyTools = this.#readOnlyTools;
    return new SessionRun({opencode: this.#opencode, log: this.#log, request, observer, readOnlyTools});
  }

  settle({delegationId, directory, sessionId, cause}: LostRun): Promise<RunEnd> {
    const work = new SessionWork({directory, log: this.#log});
    return settle({opencode: this.#opencode, delegationId, directory, sessionId, work, cause});
  }
}
