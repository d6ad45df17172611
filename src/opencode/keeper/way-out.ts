import {basename, dirname, join, resolve, sep} from 'node:path';
import {contains} from '../../base/contains.ts';
import {leadsTo} from '../../base/leads-to.ts';

/** Whether a link at the end of a path is followed, or is what is meant. */
export type Way = 'followed' | 'to the link';

/** How deep worktrees lie below their root: `<root>/<project>/<id>`. */
const DEPTH = 2;

/**
 * Where a path leads that begins in a worktree and does not stay in it; `undefined` for every other path. One that says
 * itself that it leaves the worktree, with `..`, is another path: rules see where that one leads.
 * @throws as the system does, where the way cannot be gone.
 */
export function wayOut(path: string, {roots, way}: {roots: readonly string[]; way: Way}): string | undefined {
  const written = resolve(path);
  const forms = [path, written];
  const tree = roots.flatMap((root) => forms.flatMap((form) => treeIn(root, form)))[0];
  if (tree === undefined) return undefined;
  const end = way === 'followed' ? leadsTo : linkAt;
  const there = end(path);
  if (contains(leadsTo(tree), there)) return undefined;
  return !contains(tree, written) && there === end(written) ? undefined : there;
}

/** The worktree that a path begins in, as the path names it. */
function treeIn(base: string, path: string): readonly string[] {
  if (!path.startsWith(base + sep)) return [];
  const words = path.slice(base.length + 1).split(sep);
  const names = words.slice(0, DEPTH);
  const isTree = words.length >= DEPTH && !names.some((name) => ['', '.', '..'].includes(name));
  return isTree ? [join(base, ...names)] : [];
}

function linkAt(path: string): string {
  return join(leadsTo(dirname(path)), basename(path));
}
