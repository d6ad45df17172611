import {isAbsolute, join, parse, resolve, sep} from 'node:path';

/** As many as Linux follows. */
const MAX_LINKS = 40;
/** Nothing that leads elsewhere: no link, or nothing at all. */
const NO_LINK: readonly unknown[] = ['EINVAL', 'UNKNOWN', 'ENOENT'];
const BETWEEN = sep === '\\' ? /[\\/]/ : sep;

/**
 * Where a path really leads, as the system goes it: each link on the way is followed, also one that leads to nothing
 * yet, and `..` is the folder above what has been reached. What is not there counts as lying where it would be made.
 * @throws as the system does, where the way cannot be gone.
 */
export function leadsTo(path: string): string {
  const absolute = isAbsolute(path) ? path : `${process.cwd()}${sep}${path}`;
  let reached = parse(resolve(absolute)).root;
  const ahead = wordsOf(absolute);
  let links = 0;
  for (let word = ahead.shift(); word !== undefined; word = ahead.shift()) {
    const next = join(reached, word);
    const target = word === '..' ? undefined : targetOf(next);
    if (target === undefined) {
      reached = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS)
      throw Object.assign(new Error(`ELOOP: too many links, '${path}'`), {code: 'ELOOP'});
    if (isAbsolute(target)) reached = parse(target).root;
    ahead.unshift(...wordsOf(target));
  }
  return reached;
}

function wordsOf(path: string): string[] {
  const {root} = parse(path);
  const words = path.slice(root.length).split(BETWEEN);
  return words.filter((word) => word !== '' && word !== '.');
}

/** `undefined` for what is no link. */
function targetOf(path: string): string | undefined {
  // The keeper loads this file, and must not have anything imported before it has changed that.
  const {readlinkSync} = process.getBuiltinModule('node:fs');
  try {
    return readlinkSync(path);
  } catch (error) {
    if (NO_LINK.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
