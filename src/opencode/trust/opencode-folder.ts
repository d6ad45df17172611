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
  const unknown = names
    .filter((name) => !KNOWN.has(name) && !TEXTS.has(extname(name)))
    .flatMap((name) => unknownIn(join(own, name), look));
  return [...links, ...unknown].map((item) => ({folder, ...item}));
}

function unknownIn(path: string, {folder, files}: Look): readonly Omit<TrustItem, 'folder'>[] {
  const {files: inner, isWhole} = files.tree(path, {limit: MAX_FILES, skip: ['node_modules']});
  const loadable = (inner.length === 0 && files.isFile(path) ? [path] : inner).filter(
    (file) => !TEXTS.has(extname(file)),
  );
  if (loadable.length === 0 && isWhole) return [];
  const note = isWhole ? {} : {note: ': too many files, of which only some are looked at for changes'};
  const digest = sha256(loadable.map((file) => [relative(path, file), files.digest(file)]));
  return [{name: `${relative(folder, path)}: not known to be inert`, digest, ...note}];
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
