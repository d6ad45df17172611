import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import {eventually} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import type {Frame} from './film.ts';
import {linesOf} from './svg.ts';

const TERM = 'xterm-256color';
/** What people type is shown so many characters at a time, for so long. */
const TYPED = {characters: 3, ms: 90};

/** A shell at a terminal, of which frames are taken as they are to be shown. */
export class Recording {
  readonly #frames: Frame[] = [];
  readonly #terminal: xterm.Terminal;
  readonly #program: ReturnType<typeof spawn>;
  #isOver = false;

  constructor({env, project}: Pick<Sandbox, 'env' | 'project'>, size: {cols: number; rows: number}) {
    const shell = {...env, TERM, PS1: '$ ', BASH_SILENCE_DEPRECATION_WARNING: '1'};
    this.#terminal = new xterm.Terminal({...size, allowProposedApi: true});
    this.#program = spawn('bash', ['--norc', '--noprofile'], {...size, name: TERM, cwd: project, env: shell});
    this.#program.onData((data) => this.#terminal.write(data));
    this.#terminal.onData((data) => this.#program.write(data));
    this.#program.onExit(() => {
      this.#isOver = true;
    });
  }

  get frames(): readonly Frame[] {
    return this.#frames;
  }

  /** What is on the screen as text. */
  get screen(): string {
    const {buffer, rows} = this.#terminal;
    const lines = Array.from({length: rows}, (_, y) => buffer.active.getLine(buffer.active.viewportY + y));
    return lines.map((line) => line?.translateToString(true) ?? '').join('\n');
  }

  /** Waits until the screen has this, and shows it so long. */
  async until(has: (screen: string) => boolean, ms: number): Promise<void> {
    await eventually(
      () => has(this.screen),
      90_000,
      () => this.screen,
    );
    await this.show(ms);
  }

  /** Shows what is on the screen so long. */
  async show(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#terminal.write('', resolve));
    this.#frames.push({lines: linesOf(this.#terminal), ms});
  }

  /** Types a line as people do, and sends it. */
  async line(text: string): Promise<void> {
    for (let at = 0; at < text.length; at += TYPED.characters) {
      const part = text.slice(at, at + TYPED.characters);
      this.#program.write(part);
      const typed = text.slice(0, at + part.length);
      await this.until((screen) => screen.replaceAll('\n', '').includes(typed), TYPED.ms);
    }
    await this.show(400);
    this.#program.write('\r');
  }

  press(key: string): void {
    this.#program.write(key);
  }

  async close(): Promise<void> {
    this.#program.kill('SIGHUP');
    await eventually(() => this.#isOver);
    this.#terminal.dispose();
  }
}
