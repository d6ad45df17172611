import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import {eventually} from './processes.ts';
import type {Sandbox} from './sandbox.ts';

const SIZE: TerminalSize = {columns: 120, rows: 40};
/** A screen is drawn when the program gets to it; on a busy machine a first start takes a minute. */
const SHOWS_MS = 180_000;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A program that runs in a terminal, as a person would have it. */
export interface Terminal {
  readonly pid: number;
  /** Resolves when the text is on the screen. */
  shows(text: string): Promise<void>;
  /** Resolves when the text is not on the screen. */
  hides(text: string): Promise<void>;
  type(text: string): void;
  /** Types a line, and sends it when it is on the screen: what comes all at once is taken for pasted text. */
  say(text: string): Promise<void>;
  /** As a person does who pulls at the window. */
  resize(size: TerminalSize): void;
  /** Resolves when the program has ended. */
  readonly exited: Promise<void>;
  /** What is on the screen. */
  screen(): string;
  /** What the program has asked of the terminal: the other screen, a cursor that is not seen. */
  modes(): {readonly isAlternate: boolean; readonly isCursorHidden: boolean};
  /** All that the program has written. */
  written(): string;
  /** Ends the program, by force, and resolves when it is gone. Idempotent. */
  close(): Promise<void>;
}

export function openTerminal(sandbox: Sandbox, command: string, ...args: string[]): Terminal {
  return openTerminalOf(SIZE, sandbox, command, ...args);
}

/** As {@link openTerminal}, of a size that is not the usual one. */
export function openTerminalOf(
  size: TerminalSize,
  {project, env}: Pick<Sandbox, 'project' | 'env'>,
  command: string,
  ...args: string[]
): Terminal {
  const TERM = 'xterm-256color';
  let {columns: cols, rows} = size;
  const program = spawn(command, args, {cols, rows, name: TERM, cwd: project, env: {...env, TERM}});
  const terminal = new xterm.Terminal({cols, rows, allowProposedApi: true});
  let written = '';
  program.onData((data) => {
    written += data;
    terminal.write(data);
  });
  // The program asks what kind of terminal it is in.
  terminal.onData((data) => program.write(data));
  const exited = new Promise<void>((resolve) => program.onExit(() => resolve()));
  const screen = () => {
    const {active} = terminal.buffer;
    const lines = Array.from({length: rows}, (_, row) => active.getLine(active.viewportY + row));
    return lines.map((line) => line?.translateToString(true) ?? '').join('\n');
  };
  const shows = (text: string) =>
    eventually(
      () => screen().includes(text),
      SHOWS_MS,
      () => `"${text}" is not on the screen:\n${screen()}`,
    );
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  return {
    pid: program.pid,
    screen,
    exited,
    shows,
    hides: (text) =>
      eventually(
        () => !screen().includes(text),
        SHOWS_MS,
        () => `"${text}" is still on the screen:\n${screen()}`,
      ),
    type: (text) => program.write(text),
    async say(text) {
      program.write(text);
      await shows(text);
      program.write('\r');
    },
    resize(to) {
      ({columns: cols, rows} = to);
      terminal.resize(cols, rows);
      program.resize(cols, rows);
    },
    modes: () => ({
      isAlternate: terminal.buffer.active.type === 'alternate',
      isCursorHidden: written.lastIndexOf('\u001b[?25l') > written.lastIndexOf('\u001b[?25h'),
    }),
    written: () => written,
    async close() {
      if (!isGone) program.kill('SIGKILL');
      await exited;
      terminal.dispose();
    },
  };
}
