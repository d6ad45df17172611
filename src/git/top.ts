import {Git} from './git.ts';

/** Git has nothing to look through for this. */
const GIT_TIMEOUT_MS = 10_000;

/** What git takes for the top of the repository that a folder is in; `undefined` where it knows none. Never rejects. */
export async function topOf(folder: string): Promise<string | undefined> {
  try {
    const options = {timeoutMs: GIT_TIMEOUT_MS};
    const top = await new Git(process.env).revParse(folder, ['--show-toplevel'], options);
    return top.trim() || undefined;
  } catch {
    return undefined;
  }
}
