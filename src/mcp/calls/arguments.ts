/** What a tool's schema says of one argument, as far as it matters here. */
interface Property {
  readonly type?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly maximum?: number | undefined;
}

/** The schema of a tool's input, as clients have it. */
export interface InputSchema {
  readonly properties?: Readonly<Record<string, Property | boolean>> | undefined;
  readonly required?: readonly string[] | undefined;
}

const DECIMAL = /^[+-]?\d+(\.\d+)?(e\+?\d+)?$/i;

/**
 * Arguments as models write them, made what they mean: an optional one that says nothing is left out, a number may
 * come as text and more than the most is the most, and a word of a list may be written in another case. What still
 * does not fit is for the schema to refuse.
 *
 * @param ownWords the arguments that have somebody's own words, which may be "None".
 */
export function meant(
  given: unknown,
  {properties = {}, required = []}: InputSchema,
  ownWords: readonly string[] = [],
): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const entries = Object.entries(given).flatMap(([name, value]) => {
    if (!required.includes(name) && isBlank(value, ownWords.includes(name) ? NAMES_OF_NOTHING : NOTHING))
      return [];
    const property = properties[name];
    return [[name, typeof property === 'object' ? fitted(value, property) : value]];
  });
  return Object.fromEntries(entries);
}

/** There are clients that turn a null into its name. */
const NAMES_OF_NOTHING = ['', 'null', 'undefined'];
/** And models that write it as languages do. */
const NOTHING = [...NAMES_OF_NOTHING, 'none', 'nil'];
const QUOTES = /^["'`\s]+|["'`\s]+$/g;

function isBlank(value: unknown, nothing: readonly string[]): boolean {
  if (typeof value === 'string') return nothing.includes(value.replace(QUOTES, '').toLowerCase());
  if (typeof value === 'object') return value === null || Object.keys(value).length === 0;
  return value === false;
}

function fitted(value: unknown, {type, enum: words, maximum}: Property): unknown {
  if (type === 'integer') return atMost(rounded(asNumber(value)), maximum);
  if (type === 'number') return atMost(asNumber(value), maximum);
  if (type === 'object') return asObject(value);
  if (typeof value === 'number') return String(value);
  if (words === undefined || typeof value !== 'string') return value;
  return words.find((word) => lettersOf(word) === lettersOf(value)) ?? value;
}

/** `Read-Only`, `read_only` and `readonly` are one word. */
function lettersOf(word: unknown): string {
  return String(word)
    .toLowerCase()
    .replace(/[^a-z]/g, '');
}

function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value) : value;
}

function asNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  return DECIMAL.test(text) ? Number(text) : value;
}

/** There are models that write an object as text. */
function asObject(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function atMost(value: unknown, maximum: number | undefined): unknown {
  return typeof value === 'number' && maximum !== undefined && value > maximum ? maximum : value;
}
