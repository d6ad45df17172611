import type {LostRun, NotKnown, Run, RunEnd, Runner, RunObserver, RunRequest} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import {HeldSessions} from './held-sessions.ts';
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
  readonly #sessions = new HeldSessions();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(request: RunRequest, observer: RunObserver): Run {
    return new SessionRun({...this.#options, sessions: this.#sessions, request, observer});
  }

  settle({delegationId, directory, sessionId, isContinued, cause}: LostRun): Promise<RunEnd | NotKnown> {
    const {opencode, log} = this.#options;
    const turn = {delegationId, isContinued};
    const work = new SessionWork({directory, turn, log});
    return settle({opencode, turn, directory, sessionId, work, cause});
  }

  async hasSession(sessionId: string): Promise<boolean> {
    const {client} = await this.#options.opencode.connect();
    const {data, response} = await client.session.get({sessionID: sessionId});
    return data !== undefined || response?.status !== 404;
  }
}
