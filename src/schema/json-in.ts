/** A block of code, with what its first line says it is. */
const FENCED = /^```[ \t]*(\w*)[ \t]*\n([\s\S]*?)\n?^```[ \t]*$/gm;
const BEGINS = /[[{]/;

/** A JSON value as it stands in a text. */
export interface JsonText {
  /** To the letter. */
  readonly text: string;
  readonly value: unknown;
}

/**
 * The one JSON value in an answer: the whole of it, or a single block of code, or, with words around it, all from the
 * first bracket to the last. `undefined` where it is none of these: of several values, nobody knows which was meant.
 */
export function jsonIn(answer: string): JsonText | undefined {
  const whole = parsed(answer);
  if (whole !== undefined) return whole;
  const blocks = [...answer.matchAll(FENCED)]
    .filter(([, language = '']) => ['', 'json', 'jsonc'].includes(language.toLowerCase()))
    .map(([, , code = '']) => parsed(code))
    .filter((found) => found !== undefined);
  if (blocks.length > 0) return blocks.length === 1 ? blocks[0] : undefined;
  const start = answer.search(BEGINS);
  const end = Math.max(answer.lastIndexOf('}'), answer.lastIndexOf(']'));
  return start === -1 ? undefined : parsed(answer.slice(start, end + 1));
}

function parsed(given: string): JsonText | undefined {
  const text = given.trim();
  try {
    const value: unknown = JSON.parse(text);
    return {text, value};
  } catch {
    return undefined;
  }
}
