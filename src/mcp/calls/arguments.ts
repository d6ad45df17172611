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
 */
export function meant(given: unknown, {properties = {}, required = []}: InputSchema): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const entries = Object.entries(given).flatMap(([name, value]) => {
    if (!required.includes(name) && isBlank(value)) return [];
    const property = properties[name];
    return [[name, typeof property === 'object' ? fitted(value, property) : value]];
  });
  return Object.fromEntries(entries);
}

/** There are clients that turn a null into its name. */
const NOTHING = ['', 'null', 'undefined'];

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && NOTHING.includes(value.trim());
}

function fitted(value: unknown, {type, enum: words, maximum}: Property): unknown {
  if (type === 'number' || type === 'integer') return atMost(asNumber(value), maximum);
  if (typeof value === 'number') return String(value);
  if (words === undefined || typeof value !== 'string') return value;
  const plain = value.trim().toLowerCase().replaceAll('_', '-');
  return words.includes(plain) ? plain : value;
}

function asNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  return DECIMAL.test(text) ? Number(text) : value;
}

function atMost(value: unknown, maximum: number | undefined): unknown {
  return typeof value === 'number' && maximum !== undefined && value > maximum ? maximum : value;
}
