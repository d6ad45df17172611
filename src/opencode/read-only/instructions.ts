/**
 * Where OpenCode's `read` puts the instruction files (`AGENTS.md` and their like) that lie beside what is read. Every
 * line of the file itself begins with its number, so nothing before this can look like it.
 */
const INSTRUCTIONS = /\n*^<system-reminder>$\n?([\s\S]*)/m;

/** The files whose text OpenCode has put at the end of what its `read` answers, unasked. */
export function instructionsIn(metadata: Readonly<Record<string, unknown>>): readonly string[] {
  const {loaded} = metadata;
  return Array.isArray(loaded) ? loaded.filter((path) => typeof path === 'string') : [];
}

/** Their text, as it was added. */
export function instructionsOf(output: string): string {
  return (INSTRUCTIONS.exec(output)?.[1] ?? '').replace(/\n<\/system-reminder>$/, '');
}

/** What was read, without them. */
export function withoutInstructions(output: string): string {
  return output.replace(INSTRUCTIONS, '');
}
