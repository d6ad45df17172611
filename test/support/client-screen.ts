import type {HookClient} from '../../src/hook/clients/protocol.ts';
import {descendantsOf, eventually, processTable} from './processes.ts';
import type {Sandbox} from './sandbox.ts';
import {openTerminalOf, type Terminal} from './terminal.ts';

const SIZE = {columns: 120, rows: 45};

/** How a person works with a client at its screen. */
interface Screen {
  /** What they start it with, for it not to ask about each call. */
  readonly args: readonly string[];
  /** Is on the screen when something can be typed. */
  readonly ready: string;
  /** Is on the screen while the model works. */
  readonly busy: string;
  /** What they type to leave, and whether it is a line. */
  readonly leave: {readonly keys: string; readonly isLine: boolean};
  /** A question before that when it is first started, and the key that says yes to it. */
  readonly asks?: {readonly what: string; readonly key: string; readonly chosen: string};
}

/** After so long a key is pressed again. */
const AGAIN_MS = 2_000;
const CTRL_C = '\u0003';

const SCREENS: Readonly<Partial<Record<HookClient, Screen>>> = {
  'claude-code': {
    args: ['--allowedTools', 'mcp__opencode-delegate'],
    ...{ready: '❯', busy: 'esc to interrupt'},
    leave: {keys: '/exit', isLine: true},
  },
  codex: {
    args: ['-c', 'mcp_servers.opencode-delegate.default_tools_approval_mode="approve"'],
    ...{ready: 'Ask Codex to do anything', busy: 'esc to interrupt'},
    leave: {keys: CTRL_C, isLine: false},
    asks: {what: 'Trust all and continue', key: '2', chosen: '› 2.'},
  },
  gemini: {
    args: ['--yolo', '-m', 'gemini-2.5-pro'],
    ...{ready: 'Type your message', busy: 'esc to cancel'},
    leave: {keys: '/quit', isLine: true},
  },
  opencode: {
    args: [],
    ...{ready: 'Ask anything', busy: 'esc interrupt'},
    leave: {keys: CTRL_C, isLine: false},
  },
};

/** A session of a client, as the chain talks to it. */
export interface ClientSession {
  /** Resolves when the turn is over. @param ends what the model says last. */
  say(text: string, ends: string): Promise<void>;
  /** Resolves when a turn that nobody has asked for has ended with these words. */
  shows(ends: string): Promise<void>;
  /** Leaves the client as a person does. */
  close(): Promise<void>;
  /** Ends it by force. Idempotent. */
  end(): Promise<void>;
}

/** As a terminal has it: first it has to be ready. */
export interface ScreenSession extends ClientSession {
  /** Resolves when something can be typed. */
  ready(): Promise<void>;
}

export interface OpenOptions {
  readonly client: HookClient;
  readonly program: string;
  /** Whether it was never started in this home. */
  readonly isFirst: boolean;
  readonly where: Pick<Sandbox, 'project' | 'env'>;
}

/** A client in a terminal, as a person has it. It can be ended at any time, and written to when it is ready. */
export function openScreen({client, program, isFirst, where}: OpenOptions): ScreenSession {
  const screen = SCREENS[client];
  if (screen === undefined) throw new Error(`${client} has no screen`);
  const {ready, busy, leave, asks} = screen;
  const terminal = openTerminalOf(SIZE, where, program, ...screen.args);
  return {
    async ready() {
      if (asks !== undefined && isFirst) {
        await terminal.shows(asks.what);
        terminal.type(asks.key);
        await terminal.shows(asks.chosen);
        terminal.type('\r');
        await terminal.hides(asks.what);
      }
      await terminal.shows(ready);
    },
    async say(text, ends) {
      await enter(terminal, text, () => [busy, ends].some((one) => terminal.screen().includes(one)));
      await terminal.shows(ends);
      await terminal.hides(busy);
    },
    async shows(text) {
      await terminal.shows(text);
      await terminal.hides(busy);
    },
    async close() {
      let isGone = false;
      const exited = terminal.exited.then(() => {
        isGone = true;
      });
      if (leave.isLine) await enter(terminal, leave.keys, () => isGone);
      else await press(terminal, leave.keys, () => isGone);
      await exited;
    },
    async end() {
      // Some are a script that starts the program.
      for (const pid of descendantsOf(terminal.pid, processTable())) killed(pid);
      await terminal.close();
    },
  };
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * What comes so fast is taken for pasted text, of which an Enter would be a part: so it is pasted, with an end. Some
 * clients leave out an Enter that comes right after that. One more does nothing where the line has been sent.
 */
async function enter(terminal: Terminal, line: string, isSent: () => boolean): Promise<void> {
  terminal.type(`\u001b[200~${line}\u001b[201~`);
  await terminal.shows(line);
  await press(terminal, '\r', isSent);
}

/** As a person does who sees that nothing happens. */
async function press(terminal: Terminal, key: string, isDone: () => boolean): Promise<void> {
  let pressedAt = 0;
  await eventually(
    () => {
      if (isDone()) return true;
      if (Date.now() - pressedAt > AGAIN_MS) {
        terminal.type(key);
        pressedAt = Date.now();
      }
      return false;
    },
    undefined,
    terminal.screen,
  );
}
