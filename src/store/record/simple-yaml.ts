/** Thrown for all that is not simple. */
const NOT_SIMPLE = new Error('not simple');

/** Tabs, other controls and halves of characters: what is written of them is escaped, or means something. */
const SPECIAL = /[^\P{Cc}\n]|\p{Cs}|[\ufffe\uffff]/u;
const KEY = /^[a-z][a-z_]*$/;
const KEYED = /^[a-z][a-z_]*:(?: |$)/;
/** No YAML value but text begins so, save for these words. */
const TEXT_BEGINS = /^[A-Za-z/_(\xa0-\ufffd]/;
const WORDS = /^(?:null|Null|NULL|true|True|TRUE|false|False|FALSE)$/;
/** What ends a text that stands without quotes, or begins a comment. */
const ENDS_TEXT = /: |:$| #| $/;
const DIGIT_BEGINS = /^[0-9](?![box])/i;
/** What no number has. */
const NOT_OF_NUMBERS = /[^0-9_.e+-]/i;
const NUMBER = /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const VERSION = /^[0-9]+\.[0-9]+\.[0-9]+$/;
const SINGLE_QUOTED = /^'(?:[^']|'')*'$/;
/** With no escape that JSON does not know. */
const DOUBLE_QUOTED = /^"(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"$/;
const LITERAL = /^\|(2?)([+-]?)$/;
const STEP = 2;

/**
 * Reads YAML of the kind that records are written in, many times faster than a reader of all YAML can. What it
 * returns is what such a reader returns; it is `undefined` for everything that is the least bit unusual.
 */
export function loadSimple(yaml: string): unknown {
  return ifSimple(yaml, () => new Reader(yaml.slice(0, -1).split('\n')).all());
}

/** What is read of YAML; `undefined` where it turns out not to be simple. */
export function ifSimple<T>(yaml: string, read: () => T): T | undefined {
  if (SPECIAL.test(yaml) || !yaml.endsWith('\n')) return undefined;
  try {
    return read();
  } catch (error) {
    if (error === NOT_SIMPLE) return undefined;
    throw error;
  }
}

export function notSimple(): never {
  throw NOT_SIMPLE;
}

/** What stands for a text or a number in one line. */
export function scalarOf(text: string): unknown {
  switch (text[0]) {
    case "'":
      if (!SINGLE_QUOTED.test(text)) throw NOT_SIMPLE;
      return text.slice(1, -1).replaceAll("''", "'");
    case '"':
      if (!DOUBLE_QUOTED.test(text)) throw NOT_SIMPLE;
      return JSON.parse(text);
    default:
      return plain(text);
  }
}

class Reader {
  readonly #lines: string[];
  #at = 0;

  constructor(lines: string[]) {
    this.#lines = lines;
  }

  all(): Record<string, unknown> {
    const all = this.#map(0);
    if (this.#at < this.#lines.length) throw NOT_SIMPLE;
    return all;
  }

  #map(indent: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let line = this.#line(indent); line !== undefined; line = this.#line(indent)) {
      const colon = line.indexOf(':', indent);
      const key = line.slice(indent, colon);
      if (colon === -1 || !KEY.test(key) || Object.hasOwn(map, key)) throw NOT_SIMPLE;
      this.#at += 1;
      if (colon + 1 === line.length) map[key] = this.#below(indent + STEP);
      else if (line[colon + 1] === ' ') map[key] = this.#value(line.slice(colon + 2), indent);
      else throw NOT_SIMPLE;
    }
    return map;
  }

  #list(indent: number): unknown[] {
    const list: unknown[] = [];
    for (let line = this.#line(indent); line !== undefined; line = this.#line(indent)) {
      if (!line.startsWith('- ', indent)) throw NOT_SIMPLE;
      const text = line.slice(indent + STEP);
      if (KEYED.test(text)) {
        this.#lines[this.#at] = `${' '.repeat(indent + STEP)}${text}`;
        list.push(this.#map(indent + STEP));
      } else {
        this.#at += 1;
        list.push(this.#value(text, indent));
      }
    }
    return list;
  }

  /** The next line, where it is as deep; `undefined` where it is less so, or there is none. */
  #line(indent: number): string | undefined {
    const line = this.#lines[this.#at];
    if (line === undefined) return undefined;
    const depth = depthOf(line);
    if (depth > indent || depth === line.length) throw NOT_SIMPLE;
    return depth < indent ? undefined : line;
  }

  #below(indent: number): unknown {
    const line = this.#line(indent);
    if (line === undefined) throw NOT_SIMPLE;
    return line[indent] === '-' ? this.#list(indent) : this.#map(indent);
  }

  #value(text: string, indent: number): unknown {
    switch (text[0]) {
      case '|':
        return this.#literal(text, indent + STEP);
      case '[':
        if (text !== '[]') throw NOT_SIMPLE;
        return [];
      default:
        return scalarOf(text);
    }
  }

  /** A text of several lines. */
  #literal(header: string, indent: number): string {
    const [, isIndented, chomping] = LITERAL.exec(header) ?? [];
    const first = this.#lines[this.#at] ?? '';
    const isPlain = isIndented === '' && depthOf(first) === indent && first.length > indent;
    if (chomping === undefined || !(isIndented === '2' || isPlain)) throw NOT_SIMPLE;
    const lines: string[] = [];
    for (let line = this.#lines[this.#at]; line !== undefined; line = this.#lines[this.#at]) {
      if (line !== '' && depthOf(line) < indent) break;
      lines.push(line.slice(indent));
      this.#at += 1;
    }
    // How empty lines at the end count is a matter of its own.
    if (lines.length === 0 || lines.at(-1)?.trim() === '' || chomping === '+') throw NOT_SIMPLE;
    return `${lines.join('\n')}${chomping === '-' ? '' : '\n'}`;
  }
}

function plain(text: string): unknown {
  if (ENDS_TEXT.test(text)) throw NOT_SIMPLE;
  if (TEXT_BEGINS.test(text)) {
    if (WORDS.test(text)) throw NOT_SIMPLE;
    return text;
  }
  if (!DIGIT_BEGINS.test(text)) throw NOT_SIMPLE;
  if (NOT_OF_NUMBERS.test(text) || VERSION.test(text)) return text;
  if (NUMBER.test(text)) return Number(text);
  throw NOT_SIMPLE;
}

function depthOf(line: string): number {
  let depth = 0;
  while (line.charCodeAt(depth) === 32) depth += 1;
  return depth;
}
