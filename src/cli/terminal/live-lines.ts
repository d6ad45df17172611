import {createLogUpdate} from 'log-update';
import type {ShownDelegation} from '../../control/shown.ts';
import {count, duration, facts} from '../../report/format.ts';
import {stateOf} from './groups.ts';
import {costOf, lineOf} from './row.ts';
import {type Cell, tableOf} from './table.ts';
import type {Terminal} from './terminal.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 120;

/** Shows delegations as they change. */
export interface LiveLines {
  show(delegations: readonly ShownDelegation[]): void;
  /** Leaves what was shown last. Idempotent. */
  close(): void;
}

/** At a terminal, a table that is drawn over and over; elsewhere, a line for each change. */
export function liveLines(terminal: Terminal): LiveLines {
  return terminal.isTerminal ? new Redrawn(terminal) : new Appended(terminal);
}

class Redrawn implements LiveLines {
  readonly #terminal: Terminal;
  readonly #draw = createLogUpdate(process.stdout);
  readonly #timer: NodeJS.Timeout;
  #delegations: readonly ShownDelegation[] | undefined;
  #frame = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.#render(), FRAME_MS);
  }

  show(delegations: readonly ShownDelegation[]): void {
    this.#delegations = delegations;
    this.#render();
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#delegations !== undefined) this.#render();
    this.#draw.done();
  }

  #render(): void {
    if (this.#delegations === undefined) return;
    this.#frame += 1;
    const spinner = SPINNER[this.#frame % SPINNER.length] ?? '';
    const now = Date.now();
    const rows = this.#delegations.map((shown) => rowOf(shown, {now, spinner}));
    const lines = rows.length === 0 ? ['Nothing runs. Ctrl-C ends this.'] : tableOf(rows, this.#terminal);
    this.#draw(lines.join('\n'));
  }
}

class Appended implements LiveLines {
  readonly #terminal: Terminal;
  /** What was said last of each. */
  readonly #said = new Map<string, string>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(delegations: readonly ShownDelegation[]): void {
    for (const shown of delegations) {
      const key = `${shown.project}/${shown.id}`;
      const line = facts(shown.id, stateOf(shown).text, usedBy(shown), lineOf(shown));
      if (this.#said.get(key) === line) continue;
      this.#said.set(key, line);
      this.#terminal.print(line);
    }
  }

  close(): void {}
}

function rowOf(shown: ShownDelegation, {now, spinner}: {now: number; spinner: string}): readonly Cell[] {
  const {text, look} = stateOf(shown);
  const isRunning = shown.status === 'running' && !shown.blocked;
  const begun = Date.parse(shown.started_at ?? shown.created_at);
  const until = shown.ended_at === undefined ? now : Date.parse(shown.ended_at);
  return [
    {text: `${isRunning ? spinner : ' '} ${shown.id}`, look: 'strong'},
    {text, look},
    {text: duration(Math.floor((until - begun) / 1_000) * 1_000), look: 'faint'},
    {text: usedBy(shown), look: 'faint'},
    {text: lineOf(shown)},
  ];
}

function usedBy(shown: ShownDelegation): string {
  const {usage, tool_calls: calls} = shown;
  const tokens = usage.input + usage.output + usage.reasoning;
  return facts(
    tokens > 0 && `${count(tokens)} tokens`,
    costOf(shown),
    calls > 0 && `${count(calls)} ${calls === 1 ? 'call' : 'calls'}`,
  );
}
