const MAX_CHARS = 160;

/** A message without the numbers, names and advice that make each of its kind one of its own. */
export function plain(message: string): string {
  return (message.split(/\n|Go on with|Cut off in/)[0] ?? '')
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll(/\b[a-z]+-[a-z]+-[a-z]+\b/g, '…')
    .replaceAll(/\bses_\w+/g, 'ses_…')
    .replaceAll(/\d+/g, 'N')
    .slice(0, MAX_CHARS)
    .trim();
}
