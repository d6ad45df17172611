import {spawn} from 'node:child_process';
import PQueue from 'p-queue';
import {messageOf} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import type {PersonEvent} from '../config.ts';
import {asksOf, type Delegation, hasEnded, type Named} from '../delegation/model/delegation.ts';
import {shownOf} from './shown.ts';

/** A command that hangs is ended after this time. */
const LIMIT_MS = 10_000;
/** So many run at once; the others wait for their turn. */
const CONCURRENCY = 4;
/** What has been told of is remembered for so many, so that nothing is told twice. */
const REMEMBERED = 2_000;
/** The end of what a command that failed has said on stderr. */
const MAX_SAID_CHARS = 500;

/** What a person has run when something happens. */
export interface EventCommand {
  readonly command: string;
  readonly events: readonly PersonEvent[];
  readonly env: Readonly<Record<string, string>>;
}

export interface PersonEventsOptions {
  /** `undefined` where nothing is to be run. */
  readonly commandOf: (delegation: Delegation) => EventCommand | undefined;
  readonly artifact: (named: Named) => string;
  /** Where commands run. */
  readonly cwd: string;
  readonly log: Logger;
}

/**
 * Runs a command of the person's when a delegation has ended or failed, or waits for an answer. Nothing waits for it, and
 * what goes wrong with it is in the log.
 */
export class PersonEvents {
  readonly #options: PersonEventsOptions;
  readonly #queue = new PQueue({concurrency: CONCURRENCY});
  readonly #told = new Set<string>();

  constructor(options: PersonEventsOptions) {
    this.#options = options;
  }

  /** Something may have happened to it. */
  happened(delegation: Delegation): void {
    const happening = happeningOf(delegation);
    if (happening === undefined || !this.#isNew(delegation, happening)) return;
    const command = this.#options.commandOf(delegation);
    if (command?.events.includes(happening.event) !== true) return;
    const said = JSON.stringify({
      event: happening.event,
      delegation: shownOf({delegation}, Date.now()),
      file: this.#options.artifact(delegation),
    });
    void this.#queue.add(() => this.#run(command, said, `${delegation.id} ${happening.event}`));
  }

  #isNew({project, id}: Delegation, {event, request}: Happening): boolean {
    const key = `${project}/${id} ${event} ${request}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    const [oldest] = this.#told;
    if (this.#told.size > REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }

  /** Resolves when it has ended. Never rejects. */
  #run({command, env}: EventCommand, said: string, what: string): Promise<void> {
    const {cwd, log} = this.#options;
    return new Promise((resolve) => {
      // A group of its own, so that all that it starts is ended with it.
      const child = spawn(command, {
        shell: true,
        detached: true,
        cwd,
        env,
        stdio: ['pipe', 'ignore', 'pipe'],
        windowsHide: true,
      });
      let complaint = '';
      let isOver = false;
      const done = (problem?: string) => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        if (problem !== undefined) log.warn(`OPENCODE_DELEGATE_ON_EVENT for ${what} ${problem}`);
        resolve();
      };
      const timer = setTimeout(() => {
        endGroup(child.pid);
        done(`was ended after ${LIMIT_MS / 1_000} s`);
      }, LIMIT_MS);
      child.once('error', (error) => done(`could not be run: ${messageOf(error)}`));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        complaint = (complaint + chunk).slice(-MAX_SAID_CHARS);
      });
      child.once('close', (code, signal) => {
        if (code === 0) done();
        else done(`failed (${signal ?? `exit code ${code}`}): ${complaint.trim()}`);
      });
      // A command that reads nothing closes its end.
      child.stdin.on('error', () => {});
      child.stdin.end(said);
    });
  }
}

interface Happening {
  readonly event: PersonEvent;
  /** The number of the request; 0 for an end. */
  readonly request: number;
}

function happeningOf(delegation: Delegation): Happening | undefined {
  const {state} = delegation;
  if (hasEnded(state)) {
    const isFine = state.status === 'completed' || state.status === 'cancelled';
    return {event: isFine ? 'ended' : 'failed', request: 0};
  }
  const last = asksOf(delegation).at(-1);
  return last && {event: 'blocked', request: last.number};
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
