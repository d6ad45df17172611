import {styleText} from 'node:util';
import {manyLines} from '../../base/safe-text.ts';

/** How a text is meant; a terminal with colours shows it so. */
export type Style = 'plain' | 'strong' | 'faint' | 'good' | 'bad' | 'attention' | 'busy' | 'selected';

const STYLES = {
  plain: undefined,
  strong: 'bold',
  faint: 'dim',
  good: 'green',
  bad: 'red',
  attention: 'yellow',
  busy: 'cyan',
  selected: 'inverse',
} as const;

/** A program, or a file, takes lines of any length. */
const WIDTH_WITHOUT_TERMINAL = Number.POSITIVE_INFINITY;

type Stream = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;

export interface TerminalOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly out: Stream;
  readonly err: Stream;
}

/**
 * Where a command prints. What others have written is made safe by who prints it ({@link safe}); here colours are put
 * around it, at a terminal alone, and where NO_COLOR (https://no-color.org) does not say otherwise.
 */
export class Terminal {
  readonly isTerminal: boolean;
  readonly #options: TerminalOptions;
  readonly #hasColours: boolean;

  constructor(options: TerminalOptions) {
    this.#options = options;
    const {env, out} = options;
    this.isTerminal = out.isTTY === true;
    const isForced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0';
    this.#hasColours = (env.NO_COLOR ?? '') === '' && (isForced || (this.isTerminal && env.TERM !== 'dumb'));
  }

  /** How many columns there are. */
  get columns(): number {
    return this.#options.out.columns ?? WIDTH_WITHOUT_TERMINAL;
  }

  /** Prints lines; each ends with a line break. */
  print(...lines: readonly string[]): void {
    for (const line of lines) this.#options.out.write(line.endsWith('\n') ? line : `${line}\n`);
  }

  /** Prints without a line break. */
  write(text: string): void {
    this.#options.out.write(text);
  }

  /** Says what is wrong, where it is in nobody's way. */
  complain(message: string): void {
    this.#options.err.write(`${manyLines(message)}\n`);
  }

  paint(look: Style, text: string): string {
    const style = STYLES[look];
    if (style === undefined || !this.#hasColours || text === '') return text;
    return styleText(style, text, {validateStream: false});
  }
}
