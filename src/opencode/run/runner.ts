import type {Logger} from '../../base/log.ts';
import {realPathSync} from '../../base/real-path.ts';
import type {Access} from '../../delegation/model/access.ts';
import type {
  LostRun,
  NothingSent,
  NotKnown,
  Run,
  RunEnd,
  Runner,
  RunObserver,
  RunRequest,
} from '../../delegation/model/run.ts';
import type {EnteredPlace} from '../../delegation/model/trust.ts';
import type {Conceal} from '../secrets/concealed.ts';
import type {Entrance} from '../server/entrance.ts';
import type {OpenCode} from '../server/opencode.ts';
import {HeldSessions} from '../session/held-sessions.ts';
import {checkReading} from '../session/right-place.ts';
import {isSessionThere} from '../session/session-there.ts';
import {SessionWork} from '../session/session-work.ts';
import type {RunawayLimits} from '../watchdogs/runaway.ts';
import {postMortem} from './post-mortem.ts';
import {SessionRun} from './session-run.ts';

export interface RunnerOptions {
  readonly opencode: OpenCode;
  /** The one that holds `read-only`. */
  readonly guarded: OpenCode;
  /** The one that is asked what became of a session. */
  readonly lookUp: OpenCode;
  readonly log: Logger;
  readonly limits: RunawayLimits;
  /** Takes out of a text what OpenCode may not say. */
  readonly conceal: Conceal;
  readonly entrance: Entrance;
  /** Called before OpenCode is asked about a session in a directory. */
  readonly approach: (directory: string) => void;
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

  start(asked: RunRequest, observer: RunObserver): Run {
    // As OpenCode has it, and as it names what lies in it.
    const request = {...asked, directory: realPathSync(asked.directory)};
    const server = this.#serverFor(request.access);
    return new SessionRun({...this.#options, server, sessions: this.#sessions, request, observer});
  }

  postMortem({
    delegationId,
    directory: asked,
    sessionId,
    isContinued,
    cause,
  }: LostRun): Promise<RunEnd | NothingSent | NotKnown> {
    const {log, conceal, approach, lookUp} = this.#options;
    const directory = realPathSync(asked);
    approach(directory);
    const turn = {delegationId, isContinued};
    const work = new SessionWork({directory, turn, log, conceal});
    return postMortem({opencode: lookUp, turn, directory, sessionId, work, cause});
  }

  async hasSession(sessionId: string, place: EnteredPlace): Promise<boolean> {
    checkReading(place.directory);
    const server = this.#serverFor(place.access);
    const {client} = await this.#options.entrance.enter(server, place, 'a session is to be continued');
    return await isSessionThere(client, sessionId);
  }

  #serverFor(access: Access): OpenCode {
    return access === 'read-only' ? this.#options.guarded : this.#options.opencode;
  }
}
