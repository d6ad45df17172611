import {join, relative} from 'node:path';
import {contains} from '../../base/contains.ts';
import {realPathSync} from '../../base/real-path.ts';
import type {BroughtCode} from '../../delegation/model/trust.ts';
import type {TrustItem} from './item.ts';
import {FOLDER, isHome, itemsAt} from './items.ts';
import {isAbove, levelsOf, repositoryOf} from './levels.ts';
import {sha256, WatchedFiles} from './watched-files.ts';

const SHOWN_CHARS = 80;

export interface CodeFinderOptions {
  readonly env: NodeJS.ProcessEnv;
  /**
   * Where OpenCode stops to look: what git takes for the top of the repository that a folder is in. A `.git` that git
   * does not take for one may lie nearer. `undefined` where git knows none, and OpenCode goes up to the very top.
   */
  readonly topOf: (folder: string) => Promise<string | undefined>;
}

interface Known {
  readonly files: WatchedFiles;
  readonly code: BroughtCode | undefined;
}

/**
 * Finds what OpenCode runs, loads, fetches or sends by itself in a directory, in all folders in which it looks: all that
 * is not known to be inert. What code imports is not followed.
 */
export class CodeFinder {
  readonly #env: NodeJS.ProcessEnv;
  readonly #topOf: CodeFinderOptions['topOf'];
  readonly #known = new Map<string, Known>();

  constructor({env, topOf}: CodeFinderOptions) {
    this.#env = env;
    this.#topOf = topOf;
  }

  /** What would run there as it is at this moment; `undefined` where nothing would. */
  async find(directory: string): Promise<BroughtCode | undefined> {
    const known = this.#known.get(directory);
    if (known?.files.areSame === true) return known.code;
    const files = new WatchedFiles();
    const {isLasting, code} = await this.#look(directory, files);
    if (isLasting) this.#known.set(directory, {files, code});
    else this.#known.delete(directory);
    return code;
  }

  async #look(directory: string, files: WatchedFiles): Promise<Omit<Known, 'files'> & {isLasting: boolean}> {
    // A worktree that was removed is made again when it is needed.
    if (!files.isThere(directory)) return {code: undefined, isLasting: false};
    const repository = repositoryOf(directory, (path) => files.isThere(path));
    const root = repository ?? realPathSync(directory);
    const levels = levelsOf(directory);
    const installs = levels.filter(
      (folder) => files.isThere(join(folder, FOLDER)) && !isHome(folder, this.#env),
    );
    const all = levels.flatMap((folder) =>
      itemsAt({
        folder,
        directory: realPathSync(directory),
        root,
        // What lies above the repository is the person's.
        hasInstall:
          installs.some((below) => contains(folder, below)) &&
          (repository === undefined || contains(root, folder)),
        files,
        env: this.#env,
      }),
    );
    // What git says has no file that could be watched.
    const isLasting = repository === undefined || !all.some(({folder}) => isAbove(folder, repository));
    const items = isLasting ? all : await this.#reached(all, {directory, repository});
    return {code: codeOf(items, root), isLasting};
  }

  /**
   * Without what lies above the folder at which OpenCode stops to look. Where that is none of those that the directory
   * lies in, OpenCode does not stop.
   */
  async #reached(
    items: readonly TrustItem[],
    {directory, repository}: {directory: string; repository: string},
  ): Promise<readonly TrustItem[]> {
    const top = await this.#topOf(repository);
    if (top === undefined || !contains(realPathSync(top), realPathSync(directory))) return items;
    return items.filter(({folder}) => !isAbove(folder, top));
  }
}

function codeOf(items: readonly TrustItem[], root: string): BroughtCode | undefined {
  if (items.length === 0) return undefined;
  const parts = items.map(({folder, name, digest}) => JSON.stringify([relative(root, folder), name, digest]));
  const digest = sha256(parts.sort());
  // What has to be known of them must not be among those that are counted only.
  const noted = items.toSorted((a, b) => Number(b.note !== undefined) - Number(a.note !== undefined));
  return {
    root,
    digest,
    names: noted.map(({folder, name, note = ''}) => `${shown(name, relative(root, folder))}${note}`),
  };
}

/** The one who wrote the repository has chosen these names: they are shown without what could be taken for our words. */
function shown(name: string, folder: string): string {
  const safe = name.replace(/[^\p{L}\p{N} ./@:+_-]/gu, '?');
  const where = folder === '' ? '' : ` (in ${folder.replace(/[^\p{L}\p{N}./@:+_-]/gu, '?')})`;
  return `${safe.length > SHOWN_CHARS ? `${safe.slice(0, SHOWN_CHARS)}…` : safe}${where}`;
}
