import type {RepositoryGit} from '../../git/repository-git.ts';
import {BadBundle} from './bundle-file.ts';
import {named} from './left-behind.ts';

/** A few kilobytes can stand for more files than any disk holds. */
const MAX_FILES = 1_000_000;
const MAX_PATH_BYTES = 4_096;
const MAX_BYTES = 20 * 1024 ** 3;
const LOOK_MS = 5 * 60_000;
const MAX_LINK_BYTES = 4_096;
const LINK_MODE = '120000';

/** A link in a commit, and where it leads. */
interface Link {
  /** In `latin1`. */
  readonly path: string;
  readonly object: string;
}

/**
 * Looks through the files of a commit before they are checked out, or anybody is told to look at them. Resolves with the
 * links that lead out of the repository, as sentences.
 * @throws BadBundle when no disk would hold it, or a link leads into a folder of git's.
 */
export async function checkFiles(
  git: RepositoryGit,
  commit: string,
  {unlike, signal}: {unlike?: string; signal?: AbortSignal} = {},
): Promise<readonly string[]> {
  const limits = {timeoutMs: LOOK_MS, ...(signal !== undefined && {signal})};
  const links: Link[] = [];
  let files = 0;
  let bytes = 0;
  await eachEntry(git, ['ls-tree', '-r', '-l', '-z', '--full-tree', commit], limits, (entry) => {
    const [, mode, object = '', size = '', path = ''] = /^(\d+) \S+ (\S+) +(\S+)\t(.*)$/s.exec(entry) ?? [];
    files += 1;
    bytes += Number(size) || 0;
    if (files > MAX_FILES) throw new BadBundle(`the commit has more than ${MAX_FILES} files`);
    if (bytes > MAX_BYTES) throw new BadBundle(`the files of the commit have more than ${MAX_BYTES} bytes`);
    if (path.length > MAX_PATH_BYTES) throw new BadBundle('the commit has a path that is too long');
    if (mode === LINK_MODE) links.push({path, object});
  });
  const before = unlike === undefined ? [] : await linksOf(git, unlike, limits);
  const known = new Set(before.map(({path, object}) => `${object} ${path}`));
  const others = links.filter(({path, object}) => !known.has(`${object} ${path}`));
  return sentencesOn(others, await targetsOf(git, others));
}

async function linksOf(
  git: RepositoryGit,
  commit: string,
  limits: {timeoutMs: number; signal?: AbortSignal},
): Promise<readonly Link[]> {
  const links: Link[] = [];
  await eachEntry(git, ['ls-tree', '-r', '-z', '--full-tree', commit], limits, (entry) => {
    const [, object = '', path] = /^120000 \S+ (\S+)\t(.*)$/s.exec(entry) ?? [];
    if (path !== undefined) links.push({path, object});
  });
  return links;
}

function sentencesOn(links: readonly Link[], targets: readonly string[]): readonly string[] {
  const out: string[] = [];
  links.forEach(({path}, index) => {
    const target = targets[index] ?? '';
    const names = target.split(/[/\\]/);
    if (names.some((name) => /^\.git(?:[ .]*|::.*|~1)$/i.test(name) || /^git~\d+$/i.test(name)))
      throw new BadBundle(`the link ${named([path])} leads into a folder of git's`);
    if (leadsOut(path, target)) out.push(path);
  });
  return out.length === 0
    ? []
    : [`Links that lead out of the repository: ${named(out)}. Look at them before you use them.`];
}

/** As a path is read: what a link on the way leads to is another link, and looked at by itself. */
function leadsOut(path: string, target: string): boolean {
  if (/^(?:[/\\]|[A-Za-z]:)/.test(target)) return true;
  let depth = path.split('/').length - 1;
  for (const name of target.split(/[/\\]/)) {
    if (name === '..') depth -= 1;
    else if (name !== '' && name !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

/** @throws BadBundle where one is too long to be a path. */
async function targetsOf(git: RepositoryGit, links: readonly Link[]): Promise<readonly string[]> {
  if (links.length === 0) return [];
  const input = links.map(({object}) => `${object}\n`).join('');
  const sizes = (await git.run(['cat-file', '--batch-check=%(objectsize)'], {input})).split('\n').map(Number);
  if (sizes.some((size) => !(size <= MAX_LINK_BYTES))) throw new BadBundle('a link leads to what is no path');
  const content = await git.run(['cat-file', '--batch=%(objectsize)'], {input, encoding: 'latin1'});
  const targets: string[] = [];
  let position = 0;
  for (const size of sizes) {
    const begin = content.indexOf('\n', position) + 1;
    targets.push(content.slice(begin, begin + size));
    position = begin + size + 1;
  }
  return targets;
}

/** Reads what git lists between zeros, as it comes. What `take` throws ends git. */
async function eachEntry(
  git: RepositoryGit,
  args: readonly string[],
  limits: {timeoutMs: number; signal?: AbortSignal},
  take: (entry: string) => void,
): Promise<void> {
  let rest = '';
  await git.stream(args, {
    ...limits,
    output: (chunk) => {
      const entries = (rest + chunk.toString('latin1')).split('\0');
      rest = entries.pop() ?? '';
      for (const entry of entries) take(entry);
    },
  });
}
