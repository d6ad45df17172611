import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** What the conformance suite and the inspector need. */
const LEAST = [22, 19] as const;
/** Brought by the development dependency `node`, whatever Node the machine has. */
const BROUGHT = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));

/**
 * A Node of at least 22.19: this one if it is, else the one that npm has brought.
 *
 * The package would also be the `node` of every npm script, and so of all other tests: the `prepare` script
 * takes that link away again.
 */
export function node22(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return process.execPath;
  if (existsSync(BROUGHT)) return BROUGHT;
  throw new Error(
    `${BROUGHT} is missing: npm has not run the install script of the package "node". npm rebuild node brings it.`,
  );
}
