import {shorten} from '../../base/errors.ts';
import {manyLines, oneLine} from '../../base/safe-text.ts';
import type {ShownEntry} from '../../control/protocol.ts';
import type {Style, Terminal} from './terminal.ts';

/** Of a result, so many lines are shown, and so many characters of each. */
const SHOWN_LINES = 6;
const SHOWN_CHARS = 160;

type ToolCall = Extract<ShownEntry['said'], {kind: 'tool'}>;

export interface ConversationWriterOptions {
  readonly terminal: Terminal;
  /** Whether results and thoughts are shown whole. */
  readonly isFull: boolean;
}

/**
 * Writes a conversation as it comes, and never takes anything back: of a text that grows, what is new is added; a call
 * has a line when it begins and its result when that is there.
 */
export class ConversationWriter {
  readonly #options: ConversationWriterOptions;
  /** How much of each entry was written. */
  readonly #written = new Map<string, string>();
  /** The entry whose text the last line belongs to, while that line is open. */
  #open: string | undefined;

  constructor(options: ConversationWriterOptions) {
    this.#options = options;
  }

  /** New entries, and those that have grown. */
  write(entries: readonly ShownEntry[]): void {
    for (const entry of entries) this.#write(entry);
  }

  /** Nothing more will come. */
  end(): void {
    this.#close();
  }

  #write({key, said, is_below: isBelow}: ShownEntry): void {
    const margin = isBelow ? '  | ' : '';
    switch (said.kind) {
      case 'text':
        this.#grow(key, manyLines(said.text), 'plain');
        break;
      case 'thinking':
        if (this.#options.isFull) this.#grow(key, manyLines(said.text), 'faint');
        else this.#once(key, 'faint', `${margin}(thinking)`);
        break;
      case 'prompt':
        this.#once(key, 'strong', indented('> ', manyLines(said.text)));
        break;
      case 'error':
        this.#once(key, 'bad', `${margin}${manyLines(said.text)}`);
        break;
      case 'compaction':
        this.#once(key, 'faint', `${margin}(OpenCode compacted the conversation)`);
        break;
      case 'tool':
        this.#call(key, said, margin);
        break;
    }
  }

  #call(key: string, {tool, about, status, output}: ToolCall, margin: string): void {
    if (status === 'pending') return;
    this.#once(`${key} call`, 'busy', `${margin}* ${shorten(oneLine(`${tool} ${about}`), SHOWN_CHARS)}`);
    if (status === 'running') return;
    this.#once(`${key} result`, status === 'error' ? 'bad' : 'faint', this.#result(output, margin));
  }

  #result(output: string, margin: string): string {
    const lines = manyLines(output).trimEnd().split('\n');
    if (this.#options.isFull) return indented(`${margin}    `, lines.join('\n'));
    const shown = lines.slice(0, SHOWN_LINES).map((line) => shorten(line, SHOWN_CHARS));
    const more = lines.length > shown.length ? [`… ${lines.length - shown.length} more lines`] : [];
    return indented(`${margin}    `, [...shown, ...more].join('\n'));
  }

  /** Adds what is new of a text to what was written of it; where something else came between, it begins again. */
  #grow(key: string, text: string, look: Style): void {
    const before = this.#written.get(key) ?? '';
    if (text === before || !text.startsWith(before)) return;
    if (this.#open !== key) this.#close();
    const {terminal} = this.#options;
    terminal.write(terminal.paint(look, text.slice(before.length)));
    this.#written.set(key, text);
    this.#open = key;
  }

  #once(key: string, look: Style, text: string): void {
    if (this.#written.has(key)) return;
    this.#written.set(key, '');
    this.#close();
    const {terminal} = this.#options;
    if (text.trim() !== '') terminal.print(terminal.paint(look, text));
  }

  #close(): void {
    if (this.#open !== undefined) this.#options.terminal.write('\n');
    this.#open = undefined;
  }
}

function indented(margin: string, text: string): string {
  return text.replace(/^/gm, margin);
}
