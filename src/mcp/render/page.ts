/** One page of a long text. Characters are counted as JavaScript does, in UTF-16 units. */
export interface Page {
  readonly text: string;
  readonly offset: number;
  readonly total: number;
  /** Where the next page starts; absent on the last. */
  readonly next?: number;
}

/**
 * Cuts a page out of a text. Pages that follow each other by `next` join to exactly the text: nothing is
 * trimmed, and no character is cut in two.
 */
export function pageOf(text: string, {offset, size}: {offset: number; size: number}): Page {
  const start = Math.min(isInsidePair(text, offset) ? offset - 1 : offset, text.length);
  let end = Math.min(start + size, text.length);
  // A page of one half of a pair would never get on.
  if (isInsidePair(text, end)) end += end - 1 > start ? -1 : 1;
  const page = {text: text.slice(start, end), offset: start, total: text.length};
  return end < text.length ? {...page, next: end} : page;
}

/** True when the position is between the two halves of a character outside the basic plane. */
function isInsidePair(text: string, position: number): boolean {
  const before = text.charCodeAt(position - 1);
  const after = text.charCodeAt(position);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
