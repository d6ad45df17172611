import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import {eventually} from './processes.ts';
import type {Sandbox} from './sandbox.ts';

const SIZE = {cols: 120, rows: 40};
/** A screen is drawn when the program gets to it; on a busy machine a first start takes a minute. */
const SHOWS_MS = 180_000;

/** A program that runs in a terminal, as a person would have it. */
export interface Terminal {
  readonly pid: number;
  /** Resolves when the text is on the screen. */
  shows(text: string): Promise<void>;
  type(text: string): void;
  /** Resolves when the program has ended. */
  readonly exited: Promise<void>;
  /** What is on the screen. */
  screen(): string;
  /** Ends the program, by force, and resolves when it is gone. Idempotent. */
  close(): Promise<void>;
}

export function openTerminal({project, env}: Sandbox, command: string, ...args: string[]): Terminal {
  const TERM = 'xterm-256color';
  const program = spawn(command, args, {...SIZE, name: TERM, cwd: project, env: {...env, TERM}});
  const terminal = new xterm.Terminal({...SIZE, allowProposedApi: true});
  program.onData((data) => terminal.write(data));
  // The program asks what kind of terminal it is in.
  terminal.onData((data) => program.write(data));
  const exited = new Promise<void>((resolve) => program.onExit(() => resolve()));
  const screen = () => {
    const {active} = terminal.buffer;
    const lines = Array.from({length: SIZE.rows}, (_, row) => active.getLine(active.viewportY + row));
    return lines.map((line) => line?.translateToString(true) ?? '').join('\n');
  };
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  return {
    pid: program.pid,
    screen,
    exited,
    shows: (text) =>
      eventually(
        () => screen().includes(text),
        SHOWS_MS,
        () => `"${text}" is not on the screen:\n${screen()}`,
      ),
    type: (text) => program.write(text),
    async close() {
      if (!isGone) program.kill('SIGKILL');
      await exited;
      terminal.dispose();
    },
  };
}
