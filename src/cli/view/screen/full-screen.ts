import {writeSync} from 'node:fs';
import stringWidth from 'string-width';

/** The alternate screen, no cursor, and no line that goes on in the next one, whatever it holds. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J\u001b[H';
const LEAVE = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Terminals that know these show what is between them at once; the others leave them alone. */
const [BEGIN, END] = ['\u001b[?2026h', '\u001b[?2026l'];
const CLEAR = '\u001b[2J';
const [PLAIN, TO_END] = ['\u001b[0m', '\u001b[K'];
/** The clipboard of the terminal, also of one that is far away (OSC 52). */
const clipboard = (text: string) => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;

type Out = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'> & {readonly fd: number};

/**
 * The screen of the terminal as long as the view has it. Each line is written to its place, and only when it has changed:
 * nothing flickers, and no line can get to where another one is.
 */
export class FullScreen {
  readonly #out: Out;
  /** What is on the screen, as far as it is ours. */
  #lines: readonly string[] = [];
  #isOurs = false;

  constructor(out: Out) {
    this.#out = out;
  }

  get size(): {readonly columns: number; readonly rows: number} {
    // A terminal that does not tell has the size that terminals had at first.
    return {columns: this.#out.columns || 80, rows: this.#out.rows || 24};
  }

  /** Takes the screen. Idempotent. */
  enter(): void {
    if (this.#isOurs) return;
    this.#isOurs = true;
    this.#lines = [];
    this.#out.write(ENTER);
  }

  /** Gives the screen back as it was, at once: the process may be about to end. Idempotent. */
  leave(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      writeSync(this.#out.fd, LEAVE);
    } catch {
      // The terminal is gone, and its screen with it.
    }
  }

  /** Shows these lines, with their colours. Nothing happens while the screen is not ours. */
  draw(lines: readonly string[]): void {
    if (!this.#isOurs) return;
    const {columns, rows} = this.size;
    const changed = Array.from({length: rows}, (_, row) => row).filter(
      (row) => lines[row] !== this.#lines[row],
    );
    if (changed.length === 0) return;
    const written = changed.map((row) => {
      const line = lines[row] ?? '';
      // In the last column, what clears the rest would clear the last character.
      const rest = stringWidth(line) < columns ? TO_END : '';
      return `\u001b[${row + 1};1H${PLAIN}${line}${PLAIN}${rest}`;
    });
    this.#lines = lines;
    this.#out.write(BEGIN + written.join('') + END);
  }

  /** What was on the screen is not there any more, as after a change of its size: the next frame is drawn whole. */
  forget(): void {
    this.#lines = [];
    if (this.#isOurs) this.#out.write(CLEAR);
  }

  copy(text: string): void {
    if (this.#isOurs) this.#out.write(clipboard(text));
  }
}
