import type {SessionStatus} from '@opencode-ai/sdk/v2/client';
import type {Logger} from '../../base/log.ts';
import type {Usage} from '../../delegation/model/delegation.ts';
import type {RunObserver, RunRequest} from '../../delegation/model/run.ts';
import type {OpenSession} from '../session/open-session.ts';
import {Progress} from '../transcript/progress.ts';
import type {OpenCodeEvent} from '../wire/events.ts';
import {Beginning, type Wait} from './beginning.ts';
import {ProviderTrouble} from './provider-trouble.ts';
import {Runaway, type RunawayLimits} from './runaway.ts';

export interface RunWatchOptions {
  readonly request: RunRequest;
  readonly observer: RunObserver;
  readonly limits: RunawayLimits;
  readonly log: Logger;
  /** As {@link ProviderTroubleOptions.onRefused}. */
  readonly onRefused: (why: string) => void;
  /** Called when there is no use in going on, with the reason in sentences. */
  readonly onHopeless: (why: string) => void;
  /** As {@link RunawayOptions.onLoop}. */
  readonly onLoop: (sessionId: string, why: string) => void;
}

/** Watches over an agent at work: what it does, what it waits for, and whether it gets anywhere. */
export class RunWatch {
  readonly #log: Logger;
  readonly #progress: Progress;
  readonly #trouble: ProviderTrouble;
  readonly #runaway: Runaway;
  #beginning: Beginning | undefined;
  /** What it waits for before the model is asked. */
  #wait: Wait | undefined;
  #isClosed = false;

  constructor({request, observer, limits, log, onRefused, onHopeless, onLoop}: RunWatchOptions) {
    this.#log = log;
    this.#progress = new Progress((activity) => observer.activity(activity));
    this.#trouble = new ProviderTrouble({
      ...{model: request.model, deadline: request.deadline},
      onRateLimited: (model, until) => observer.rateLimited(model, until),
      onWait: (words) => this.say(words),
      onRefused,
      onHopeless,
    });
    this.#runaway = new Runaway({...limits, onRunaway: onHopeless, onLoop});
  }

  /** What keeps it from getting on at the moment, as a sentence. */
  get sentence(): string | undefined {
    return this.#trouble.sentence ?? (this.#wait && `At last: ${this.#wait.words}.`);
  }

  /** Of the agent's own session, or of one below it. */
  event(event: OpenCodeEvent, isOwn: boolean): void {
    this.#progress.event(event);
    this.#runaway.event(event);
    this.#trouble.event(event, isOwn);
    if (isOwn) this.#beginning?.event(event);
  }

  /** As an event that tells the status of the agent's own session. */
  status(sessionId: string, status: SessionStatus): void {
    this.#trouble.status(sessionId, status, true);
  }

  /** As {@link Progress.used}. */
  used(usage: Usage, isClosing: boolean): void {
    this.#progress.used(usage, isClosing);
  }

  /** Tells what happens, for those who wait. */
  say(words: string): void {
    this.#progress.say(words);
  }

  /** The prompt is about to be sent: from now on it is seen when the turn begins. */
  opened(session: OpenSession): void {
    this.#beginning = new Beginning({session, log: this.#log, onWait: (wait) => this.#waits(wait)});
  }

  /** The server has taken the prompt. */
  prompted(): void {
    if (this.#isClosed) return;
    this.#beginning?.prompted();
    this.#runaway.begin();
  }

  /** The agent of this session is told something more. */
  told(sessionId: string): void {
    this.#runaway.told(sessionId);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#beginning?.close();
    this.#runaway.close();
  }

  #waits(wait: Wait | undefined): void {
    this.#wait = wait;
    this.#runaway.waits(wait);
    if (wait !== undefined) this.say(wait.words);
  }
}
