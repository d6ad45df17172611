import {deferred} from '../../base/deferred.ts';
import type {ModelRefused, NothingSent, RunEnd, RunRequest} from '../../delegation/model/run.ts';
import type {OpenCode} from '../server/opencode.ts';
import type {OpenSession} from '../session/open-session.ts';
import type {SessionWork} from '../session/session-work.ts';
import type {Transcript} from '../transcript/transcript.ts';
import type {Turn} from '../transcript/turn.ts';
import type {ClearVerdict} from '../transcript/verdict.ts';
import {endOf, wasAborted} from './post-mortem.ts';
import {type UntilKnownOptions, untilKnown} from './until-known.ts';

/** How a run ended: also before anything was sent to the model, or because that was refused. */
export type RunOutcome = RunEnd | NothingSent | ModelRefused;

export interface EndingOptions {
  /** Where it runs. */
  readonly server: OpenCode;
  /** Who is asked what became of it when that server is gone. */
  readonly lookUp: OpenCode;
  readonly request: Pick<RunRequest, 'directory' | 'givesWay'>;
  readonly turn: Turn;
  readonly work: SessionWork;
  /** True once it is being stopped. */
  readonly isStopping: () => boolean;
  /** Called once, when it has its end. */
  readonly onEnd: () => void;
}

/** The end of a run, and all ways that lead to it: the first wins. */
export class Ending {
  readonly #options: EndingOptions;
  readonly #ended = deferred<RunOutcome>();
  #isThere = false;
  #isOwn = false;

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  get end(): Promise<RunOutcome> {
    return this.#ended.promise;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** True for an end that no stop has brought about. */
  get isOwn(): boolean {
    return this.#isOwn;
  }

  /** Its turn has ended, with this verdict on its messages. @throws when the sessions below it cannot be read. */
  async judged(session: OpenSession, verdict: ClearVerdict, transcript: Transcript): Promise<void> {
    const {server, work, turn} = this.#options;
    work.merge(transcript);
    await work.readBelow(transcript, session.connection.client);
    this.#finish(endOf(verdict, work, wasAborted(turn, {...session, opencode: server})));
  }

  /** Its server is gone: what became of it is asked elsewhere, unless it has its end. */
  lost(options: Pick<UntilKnownOptions, 'sessionId' | 'signal' | 'onNotKnown'>): void {
    const {lookUp: opencode, turn, work, request} = this.#options;
    void untilKnown({
      ...{...options, opencode, turn, work, directory: request.directory},
      cause: 'The OpenCode server ended while it ran.',
    }).then((end) => end && this.#finish(end));
  }

  /** What has begun stays with its model: OpenCode asks again by itself. */
  refused(why: string): void {
    const {request, work} = this.#options;
    if (request.givesWay && !work.hasBegun) this.#finish({outcome: 'refused', why});
  }

  failed(error: string): void {
    this.#finish({outcome: 'error', error, product: this.#options.work.unfinished()});
  }

  #finish(end: RunOutcome): void {
    if (this.#isThere) return;
    this.#isThere = true;
    this.#isOwn = !this.#options.isStopping() || end.outcome === 'completed';
    this.#options.onEnd();
    this.#ended.resolve(end);
  }
}
