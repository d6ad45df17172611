import type {Run, Runner, RunObserver, RunRequest} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import type {OpenCode} from './opencode.ts';
import {SessionRun} from './session-run.ts';

/** Runs each delegation in an OpenCode session of its own. */
export class OpenCodeRunner implements Runner {
  readonly #opencode: OpenCode;
  readonly #log: Logger;

  constructor({opencode, log}: {opencode: OpenCode; log: Logger}) {
    this.#opencode = opencode;
    this.#log = log;
  }

  start(request: RunRequest, observer: RunObserver): Run {
    return new SessionRun({opencode: this.#opencode, log: this.#log, request, observer});
  }
}
