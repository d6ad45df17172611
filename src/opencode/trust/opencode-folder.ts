import {readlinkSync} from 'node:fs';
import {extname, join, relative} from 'node:path';
import {contains} from '../../base/contains.ts';
import {realPathSync} from '../../base/real-path.ts';
import type {Look, TrustItem} from './item.ts';
import {sha256} from './watched-files.ts';

/** What OpenCode, or npm for it, looks for in its folder: each is looked at in a way of its own, or is read by nobody. */
const KNOWN = new Set(
  `agent agents mode modes command commands skill skills plugin plugins tool tools theme themes plan plans
  node_modules package.json package-lock.json npm-shrinkwrap.json yarn.lock bun.lock bun.lockb pnpm-lock.yaml .npmrc
  opencode.json opencode.jsonc tui.json tui.jsonc .gitignore .gitkeep .gitattributes LICENSE README`.split(
    /\s+/,
  ),
);
/** Nobody loads these as a program; markdown is looked at wherever it lies. */
const TEXTS = new Set(['.md', '.txt', '.png', '.jpg', '.svg']);
const MAX_FILES = 2_000;

/**
 * What lies in OpenCode's folder that is not known to be inert: names that a later OpenCode may load, and links out of the
 * repository, through which OpenCode and npm would write elsewhere.
 */
export function folderItems(own: string, look: Look): readonly TrustItem[] {
  const {folder, files} = look;
  const names = files.names(own);
  const inner = [
    '',
    ...names,
    ...installedIn(join(own, 'node_modules'), look).map((path) => relative(own, path)),
  ];
  const links = inner.flatMap((name) => linkOut(join(own, name), look));
  // Where the folder is a link to the top of the file system, all that is on the machine lies in it.
  let left = MAX_FILES;
  const unknown = names
    .filter((name) => !KNOWN.has(name) && !TEXTS.has(extname(name)))
    .flatMap((name) => {
      const {count, items} = unknownIn(join(own, name), {look, limit: left});
      left -= count;
      return items;
    });
  return [...links, ...unknown].map((item) => ({folder, ...item}));
}

/** @returns also how many files were looked at, of those that may be. */
function unknownIn(
  path: string,
  {look: {folder, files}, limit}: {look: Look; limit: number},
): {count: number; items: readonly Omit<TrustItem, 'folder'>[]} {
  const {files: inner, isWhole} = files.tree(path, {limit: Math.max(limit, 0), skip: ['node_modules']});
  const loadable = (inner.length === 0 && files.isFile(path) ? [path] : inner).filter(
    (file) => !TEXTS.has(extname(file)),
  );
  const count = inner.length + 1;
  if (loadable.length === 0 && isWhole) return {count, items: []};
  const note = isWhole ? {} : {note: ': too many files, of which only some are looked at for changes'};
  const digest = sha256(loadable.map((file) => [relative(path, file), files.digest(file)]));
  return {count, items: [{name: `${relative(folder, path)}: not known to be inert`, digest, ...note}]};
}

/** Where npm would write: the packages that are installed, those of packages included. */
function installedIn(modules: string, look: Look): readonly string[] {
  return look.files.names(modules).flatMap((name) => {
    const path = join(modules, name);
    const packages = name.startsWith('@') ? look.files.names(path).map((inner) => join(path, inner)) : [path];
    return [path, ...packages, ...packages.flatMap((one) => installedIn(join(one, 'node_modules'), look))];
  });
}

function linkOut(path: string, {root, files, folder}: Look): readonly Omit<TrustItem, 'folder'>[] {
  const target = linkOf(path);
  if (target === undefined) return [];
  if (files.isThere(path) && contains(root, realPathSync(path))) return [];
  return [{name: `${relative(folder, path)}: a link out of the repository`, digest: sha256(target)}];
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
