/**
 * Something that the caller can put right. The message says what is wrong and what would work; it is shown
 * to the model as it is.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The id names nothing in this project. */
export function notFound(id: string): Refusal {
  const shown = id.trim() === '' ? 'An empty id' : `No delegation "${shorten(id.trim(), 60)}"`;
  const what = id.trim() === '' ? `${shown} names no delegation.` : `${shown} in this project.`;
  return new Refusal(`${what} delegation_list shows the known ones.`);
}

/** Cuts a text for a message: at most `length` characters and a sign that something is missing. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  // The first half of a character that the cut goes through is dropped with the second.
  const kept = text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '');
  return `${kept.trimEnd()}…`;
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** This process ends, so that it took nothing on: another one is to be asked. */
export class EndingError extends Refusal {
  constructor() {
    super(
      'This opencode-delegate process is ending. Nothing was started. Call again: the next process takes it.',
    );
  }
}
