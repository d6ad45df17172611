import {Refusal} from '../../base/errors.ts';
import {inQuotes} from '../../base/safe-text.ts';
import type {Environment} from '../model/ports.ts';
import type {BroughtCode, EnteredPlace, LoadedCode, Trust, TrustQuestion, WorkPlace} from '../model/trust.ts';
import {shellQuoted} from '../model/worktree.ts';

/** Names above this number are counted only. */
const NAMED = 5;

/** Paths that a line of ours can have in it as they are. */
const PLAIN_PATH = /^[\p{L}\p{N} ./:@\\+_~(),-]+$/u;

export interface TrustInput extends WorkPlace {
  /** What the OpenCode that calls runs already. */
  readonly loaded?: LoadedCode;
  /** Asks the one who calls; absent where nobody can be asked. */
  readonly askTrust?: (question: TrustQuestion) => boolean;
}

/**
 * Looks whether what a repository brings may run: nothing of it has when this resolves.
 * @returns the digest of what was allowed, for {@link distrust} to compare with; `undefined` where nothing would run.
 * @throws Refusal when nobody has allowed it, with the command that does.
 */
export async function checkTrust(
  {loaded, askTrust, ...place}: TrustInput,
  {trust}: Pick<Environment, 'trust'>,
): Promise<string | undefined> {
  const code = await trust.codeIn(place);
  if (code === undefined || (await trust.allows(code))) return code?.digest;
  if (loaded?.digest === code.digest) {
    const running = await trust.codeIn({directory: loaded.directory, access: place.access});
    if (running?.root === code.root && running.digest === code.digest) return code.digest;
  }
  if (askTrust?.(question(code)) === true) {
    await trust.allow(code);
    return code.digest;
  }
  throw new Refusal(`${refusal(place.directory, code)} Nothing was started.`);
}

/**
 * Why OpenCode may not look at a place, as a sentence: what is there now is not what was allowed. Anyone who wanted it may
 * have waited for hours, an agent may have written there since, and a new worktree has what is committed.
 */
export async function distrust(
  {directory, access, checkout, trusted, continues}: EnteredPlace,
  trust: Trust,
): Promise<string | undefined> {
  const code = await trust.codeIn({directory, access, ...(checkout !== undefined && {checkout})});
  if (code === undefined || code.digest === trusted || (await trust.allows(code))) return undefined;
  if (checkout === undefined || continues !== undefined) return refusal(directory, code);
  return `${refusal(checkout, code)} It is about what is committed there, and your checkout has something else: commit that, or put it aside with \`git stash\`, first.`;
}

/** What would run, in one line. */
function namesOf({names}: BroughtCode): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).map(inQuotes).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function refusal(directory: string, code: BroughtCode): string {
  return `${inQuotes(directory)} brings code that OpenCode runs by itself, with your rights, as soon as it works there: ${namesOf(code)}. Nobody has allowed that, or it has changed since. A person who trusts it allows it in a terminal${commandFor(directory)} (\`npm install -g opencode-delegate\` brings that command). That is for a person to decide.`;
}

/** A folder can be called so that no command with its name in it could be shown. */
function commandFor(directory: string): string {
  return PLAIN_PATH.test(directory)
    ? `: \`opencode-delegate trust ${shellQuoted(directory)}\``
    : ', in that folder: `opencode-delegate trust .`';
}

function question(code: BroughtCode): TrustQuestion {
  const words = `Do you trust the authors of ${inQuotes(code.root)}? It brings code that OpenCode runs by itself, with your rights, as soon as it works there: ${namesOf(code)}. You are asked again when that changes, but not when what it imports or downloads does.`;
  return {digest: code.digest, words};
}
