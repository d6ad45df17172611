import type {LostRun, Run, RunEnd, Runner, RunObserver, RunRequest} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import {HeldSessions} from './held-sessions.ts';
import type {OpenCode} from './opencode.ts';
import {SessionRun} from './session-run.ts';
import {SessionWork} from './session-work.ts';
import {settle} from './settlement.ts';

/** Runs each delegation in an OpenCode session of its own. */
export class OpenCodeRunner implements Runner {
  readonly #opencode: OpenCode;
  readonly #log: Logger;
  readonly #sessions = new HeldSessions();

  constructor({opencode, log}: {opencode: OpenCode; log: Logger}) {
    this.#opencode = opencode;
    this.#log = log;
  }

  start(request: RunRequest, observer: RunObserver): Run {
    return new SessionRun({
      opencode: this.#opencode,
      log: this.#log,
      sessions: this.#sessions,
      request,
      observer,
    });
  }

  settle({delegationId, directory, sessionId, isContinued, cause}: LostRun): Promise<RunEnd> {
    const turn = {delegationId, isContinued};
    const work = new SessionWork({directory, turn, log: this.#log});
    return settle({opencode: this.#opencode, turn, directory, sessionId, work, cause});
  }

  async hasSession(sessionId: string): Promise<boolean> {
    const {client} = await this.#opencode.connect();
    const {data, response} = await client.session.get({sessionID: sessionId});
    return data !== undefined || response?.status !== 404;
  }
}
