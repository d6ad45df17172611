/** Begins the last line of a host that ends before it has served anybody; its exit code follows. */
const MARK = 'opencode-delegate host ends with code ';

/**
 * What a host says last on stderr when it does not come to serve: the process that started it is not its parent and
 * cannot be told its exit code by the system.
 */
export function farewell(exitCode: number): string {
  return `${MARK}${exitCode}\n`;
}

/** Splits what a host has said into its own words and, where it could still tell, its exit code. */
export function readFarewell(said: string): {readonly words: string; readonly exitCode: number | undefined} {
  const at = said.lastIndexOf(MARK);
  if (at === -1) return {words: said.trim(), exitCode: undefined};
  const exitCode = Number.parseInt(said.slice(at + MARK.length), 10);
  return {words: said.slice(0, at).trim(), exitCode: Number.isNaN(exitCode) ? undefined : exitCode};
}
