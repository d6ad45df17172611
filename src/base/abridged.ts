/**
 * A text of at most about so many characters: of a longer one, its beginning and its end, which has the way out more
 * often than not, and how much is left out between them.
 */
export function abridged(text: string, length: number): string {
  if (text.length <= length) return text;
  const atEnd = Math.floor(length / 4);
  // Halves of characters that the cuts go through are dropped.
  const beginning = text.slice(0, length - atEnd).replace(/[\uD800-\uDBFF]$/, '');
  const end = text.slice(-atEnd).replace(/^[\uDC00-\uDFFF]/, '');
  const left = (text.length - beginning.length - end.length).toLocaleString('en-US');
  return `${beginning.trimEnd()}… [${left} characters left out] …${end.trimStart()}`;
}
