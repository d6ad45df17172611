import type {ToolPart} from '@opencode-ai/sdk/v2/client';
import {sleptMs} from '../../base/sleep.ts';
import type {OpenCodeEvent} from '../wire/events.ts';
import {AskedAgain, askedInVain} from './asked-again.ts';
import type {Wait} from './beginning.ts';
import {Compactions, compactedInVain} from './compactions.ts';

/** So often in a row the same call is not work any more. */
const MAX_EQUAL_CALLS = 20;

/** How far an agent may go before it is taken for a runaway. */
export interface RunawayLimits {
  /** Tool calls, those of the sessions below it included. */
  readonly maxToolCalls: number;
  /** For so long, in milliseconds, it may be silent while nothing of it runs. */
  readonly idleMs: number;
}

export interface RunawayOptions extends RunawayLimits {
  /** Called once, with the reason as a sentence. */
  readonly onRunaway: (why: string) => void;
  /** Called, at times more than once, when OpenCode by itself keeps a session going that gets nowhere. */
  readonly onLoop: (sessionId: string, why: string) => void;
}

/** Notices an agent that gets nowhere: one that repeats itself, never comes to an end, or has fallen silent. */
export class Runaway {
  readonly #options: RunawayOptions;
  readonly #again: AskedAgain;
  readonly #compactions: Compactions;
  /** By OpenCode's ids of the parts: there are providers that give the same id to several calls. */
  readonly #calls = new Set<string>();
  readonly #running = new Set<string>();
  #wait: string | undefined;
  /** The last call of each session, and how often it was made in a row. */
  readonly #last = new Map<string, {readonly call: string; readonly times: number}>();
  /** On the clock that timers go by: what the date jumps to says nothing of how long it was silent. */
  #heardAt = performance.now();
  /** Sessions of which the provider has asked OpenCode to come back later. */
  readonly #retrying = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: RunawayOptions) {
    this.#options = options;
    const {onLoop} = options;
    this.#again = new AskedAgain({onTooOften: (id, times) => onLoop(id, askedInVain(times))});
    this.#compactions = new Compactions({onTooMany: (id, times) => onLoop(id, compactedInVain(times))});
  }

  /** From now on the agent is expected to be heard of, unless this has been closed. */
  begin(): void {
    this.#heardAt = performance.now();
    this.#watch(this.#options.idleMs);
  }

  event(event: OpenCodeEvent): void {
    this.#heardAt = performance.now();
    this.#again.event(event);
    this.#compactions.event(event);
    if (event.type === 'session.status') {
      const {sessionID, status} = event.properties;
      if (status.type === 'retry') this.#retrying.add(sessionID);
      else this.#retrying.delete(sessionID);
    }
    if (event.type !== 'message.part.updated' || event.properties.part.type !== 'tool') return;
    this.#tool(event.properties.part);
  }

  /** As {@link AskedAgain.told}. */
  told(sessionId: string): void {
    this.#again.told(sessionId);
  }

  /** What is waited for, by what is known; that of others is no silence of the model's. */
  waits(wait: Wait | undefined): void {
    this.#wait = wait?.words;
    if (wait?.isOthers === true) this.#heardAt = performance.now();
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #tool({id, sessionID, tool, state}: ToolPart): void {
    if (state.status === 'running') this.#running.add(id);
    else this.#running.delete(id);
    // A call that is pending has no input yet.
    if (state.status === 'pending' || this.#calls.has(id)) return;
    this.#calls.add(id);
    const call = `${tool} ${JSON.stringify(state.input)}`;
    const before = this.#last.get(sessionID);
    const times = before?.call === call ? before.times + 1 : 1;
    this.#last.set(sessionID, {call, times});
    const {maxToolCalls} = this.#options;
    if (times >= MAX_EQUAL_CALLS) {
      this.#end(
        `It called the tool ${tool} with the same input ${times} times in a row. Delegate again, and say in the prompt what to do when that does not help.`,
      );
    } else if (this.#calls.size > maxToolCalls) {
      this.#end(
        `It made more than ${maxToolCalls} tool calls. Delegate the rest in smaller pieces, or raise OPENCODE_DELEGATE_MAX_TOOL_CALLS.`,
      );
    }
  }

  #watch(ms: number): void {
    clearTimeout(this.#timer);
    const due = performance.now() + ms;
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#look(performance.now() - due), ms);
  }

  #look(lateBy: number): void {
    const {idleMs} = this.#options;
    // The machine slept: nobody could be heard meanwhile.
    if (sleptMs(lateBy) > 0) this.#heardAt = performance.now();
    if (this.#running.size > 0 || this.#retrying.size > 0) {
      this.#watch(idleMs);
      return;
    }
    const left = this.#heardAt + idleMs - performance.now();
    if (left > 0) this.#watch(left);
    else {
      this.#end(
        `Nothing was heard of it for ${minutes(idleMs)}, and nothing of it ran: ${this.#silent()} OPENCODE_DELEGATE_IDLE_MINUTES says how long is too long.`,
      );
    }
  }

  #silent(): string {
    if (this.#wait !== undefined)
      return `${this.#wait}. Delegate again, with another model or without the plugin.`;
    return 'the model does not answer. Delegate again, with another model if it stays so;';
  }

  #end(why: string): void {
    this.close();
    this.#options.onRunaway(why);
  }
}

function minutes(ms: number): string {
  const number = Number((ms / 60_000).toFixed(2));
  return `${number} minute${number === 1 ? '' : 's'}`;
}
