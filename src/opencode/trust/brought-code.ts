import {join, relative, resolve} from 'node:path';
import type {BroughtCode} from '../../delegation/trust.ts';
import {homeOf} from '../../home.ts';
import {realPathSync} from '../../real-path.ts';
import {type CodeEntry, codeInConfiguration} from './configuration-code.ts';
import {isAbove, levelsOf, repositoryOf} from './levels.ts';
import {sha256, WatchedFiles} from './watched-files.ts';

const CONFIGURATIONS = ['opencode.json', 'opencode.jsonc'];
const FOLDER = '.opencode';
/** What OpenCode imports from its folders, by what it is. */
const IMPORTED = {plugin: ['plugin', 'plugins'], tool: ['tool', 'tools']} as const;
const MODULE = /\.[jt]s$/i;
const SHOWN_CHARS = 80;

/** One thing that OpenCode would run. */
interface Item {
  readonly folder: string;
  readonly name: string;
  /** Stands for what it is made of. */
  readonly digest: string;
}

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
 * Finds the code that OpenCode runs by itself in a directory: its plugins, custom tools, local MCP servers, formatters
 * and language servers, in all folders in which OpenCode looks for them. What they import is not followed.
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
    // A worktree that was removed is made anew when it is needed.
    if (!files.isThere(directory)) return {code: undefined, isLasting: false};
    const repository = repositoryOf(directory, (path) => files.isThere(path));
    const all = levelsOf(directory).flatMap((folder) => this.#itemsOf(folder, {directory, files}));
    // What git says has no file that could be watched.
    const isLasting = repository === undefined || !all.some(({folder}) => isAbove(folder, repository));
    const items = isLasting ? all : await this.#reached(all, repository);
    return {code: codeOf(items, repository ?? realPathSync(directory)), isLasting};
  }

  /** Without what lies above the folder at which OpenCode stops to look. */
  async #reached(items: readonly Item[], repository: string): Promise<readonly Item[]> {
    const top = await this.#topOf(repository);
    return top === undefined ? items : items.filter(({folder}) => !isAbove(folder, top));
  }

  #itemsOf(folder: string, {directory, files}: {directory: string; files: WatchedFiles}): readonly Item[] {
    const own = join(folder, FOLDER);
    const isPersons = own === join(homeOf(this.#env), FOLDER);
    const modules = Object.entries(IMPORTED).flatMap(([what, names]) =>
      names.flatMap((name) =>
        files
          .names(join(own, name))
          .filter((file) => MODULE.test(file))
          .map((file) => ({
            folder,
            name: `${what} ${FOLDER}/${name}/${file}`,
            digest: files.digest(join(own, name, file)) ?? '',
          })),
      ),
    );
    const configured = [folder, own].flatMap((place) =>
      place === own && isPersons
        ? []
        : CONFIGURATIONS.flatMap((file) => this.#configured(join(place, file), {folder, directory, files})),
    );
    return [...(isPersons ? [] : modules), ...configured];
  }

  #configured(
    path: string,
    {folder, directory, files}: {folder: string; directory: string; files: WatchedFiles},
  ): readonly Item[] {
    const text = files.text(path);
    if (text === '') return [];
    const entries = codeInConfiguration(text, {path, env: this.#env, file: (named) => files.text(named)});
    return entries.map((entry) => ({
      folder,
      name: entry.name,
      digest: sha256([relative(folder, path), entry.value, contentsOf(entry, [folder, directory], files)]),
    }));
  }
}

function codeOf(items: readonly Item[], root: string): BroughtCode | undefined {
  if (items.length === 0) return undefined;
  const parts = items.map(({folder, name, digest}) => JSON.stringify([relative(root, folder), name, digest]));
  const digest = sha256(parts.sort());
  return {
    root,
    digest,
    names: items.map(({folder, name}) => shown(name, relative(root, folder))),
  };
}

/** What an entry loads, and the files that the words of its command name. */
function contentsOf({loads, words}: CodeEntry, folders: readonly string[], files: WatchedFiles) {
  const named = words.flatMap((word) => {
    const path = folders.map((folder) => resolve(folder, word)).find((candidate) => files.isFile(candidate));
    return path === undefined ? [] : [path];
  });
  return [...loads, ...named].map((path) => files.digest(path));
}

/** Whoever wrote the repository has chosen these names: they are shown without what could be taken for our words. */
function shown(name: string, folder: string): string {
  const safe = name.replace(/[^\p{L}\p{N} ./@:+_-]/gu, '?');
  const where = folder === '' ? '' : ` (in ${folder.replace(/[^\p{L}\p{N}./@:+_-]/gu, '?')})`;
  return `${safe.length > SHOWN_CHARS ? `${safe.slice(0, SHOWN_CHARS)}…` : safe}${where}`;
}
