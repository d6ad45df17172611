import {dirname, join, relative, resolve} from 'node:path';
import {contains} from '../../base/contains.ts';
import {homeOf} from '../../base/home.ts';
import {realPathSync} from '../../base/real-path.ts';
import {type CodeEntry, codeInConfiguration} from './configuration-code.ts';
import type {Look, TrustItem} from './item.ts';
import {filesNamed, filesOfModule, pathsOf} from './loaded-files.ts';
import {codeInMarkdown} from './markdown-code.ts';
import {npmItemsAt} from './npm-files.ts';
import {folderItems} from './opencode-folder.ts';
import {sha256} from './watched-files.ts';

const CONFIGURATIONS = ['opencode.json', 'opencode.jsonc'];
/** OpenCode's folder in a project. */
export const FOLDER = '.opencode';
/** What OpenCode imports from its folders, by what it is. */
const IMPORTED = {plugin: ['plugin', 'plugins'], tool: ['tool', 'tools']} as const;
/** Where it looks for skills, apart from its own folders. */
const SKILLS = [join('.claude', 'skills'), join('.agents', 'skills')];
const MODULE = /\.[cm]?[jt]sx?$/i;
const NOT_SEEN = ': too many files, of which only some are looked at for changes';

/** What there is at one level. */
export function itemsAt(look: Look): readonly TrustItem[] {
  const {folder, env} = look;
  const own = join(folder, FOLDER);
  const isPersons = isHome(folder, env);
  const places = isPersons ? [folder] : [folder, own];
  const configured = places.flatMap((place) =>
    CONFIGURATIONS.flatMap((file) => configuredIn(join(place, file), look)),
  );
  if (isPersons) return configured;
  const skills = SKILLS.flatMap((place) => markdownIn(join(folder, place), look));
  return [
    ...modulesIn(own, look),
    ...markdownIn(own, look),
    ...skills,
    ...configured,
    ...folderItems(own, look),
    ...npmItemsAt(own, look),
  ];
}

/** True for the home folder: what lies there in places of OpenCode's is the person's. */
export function isHome(folder: string, env: NodeJS.ProcessEnv): boolean {
  const home = homeOf(env);
  return folder === home || folder === realPathSync(home);
}

function configuredIn(path: string, look: Look): readonly TrustItem[] {
  const {folder, directory, root, files, env} = look;
  const text = files.text(path);
  if (text === '') return [];
  const bases = [...new Set([dirname(path), folder, directory])];
  const {entries, skills} = codeInConfiguration(text, {
    path,
    env,
    file: (named) => files.text(named),
    isOwnFile: (named) => contains(root, realPathSync(named)),
    isInside: (named) => isPattern(named) && pathsOf(named, bases).every((one) => liesIn(one, look)),
  });
  const skillFolders = new Set(skills.flatMap((named) => pathsOf(named, bases)));
  return [
    ...entries.map((entry) => itemOf(entry, {path, bases, look})),
    ...[...skillFolders].flatMap((place) => markdownIn(place, look)),
  ];
}

/** True for what lies in the repository, also by the links in its way, or is not there. */
function liesIn(path: string, {root, files}: Look): boolean {
  return contains(root, path) && (!files.isThere(path) || contains(root, realPathSync(path)));
}

/** False for what begins like an address, or like the home folder. */
function isPattern(text: string): boolean {
  return !/^~|:\/\//.test(text);
}

function modulesIn(own: string, look: Look): readonly TrustItem[] {
  const {folder, files} = look;
  return Object.entries(IMPORTED).flatMap(([what, names]) =>
    names.flatMap((name) =>
      files
        .names(join(own, name))
        .filter((file) => MODULE.test(file))
        .map((file) => ({
          folder,
          name: `${what} ${FOLDER}/${name}/${file}`,
          digest: sha256(digestsOf(filesOfModule(join(own, name, file), files).files, look)),
        })),
    ),
  );
}

function markdownIn(place: string, {folder, files}: Look): readonly TrustItem[] {
  // What is installed there was put there by OpenCode, which reads no markdown in it.
  const skip = place === join(folder, FOLDER) ? [join(place, 'node_modules')] : [];
  return codeInMarkdown(place, {files, skip, nameOf: (path) => relative(folder, path)}).map((code) => ({
    folder,
    ...code,
  }));
}

function itemOf(
  {name, value, parts, words, cwds, isPlugin}: CodeEntry,
  {path, bases, look}: {path: string; bases: readonly string[]; look: Look},
): TrustItem {
  const {folder, root, files} = look;
  const all = [...new Set([...bases, ...cwds.flatMap((cwd) => bases.map((base) => resolve(base, cwd)))])];
  const modules = isPlugin
    ? words.flatMap((word) => pathsOf(word, all)).map((module) => filesOfModule(module, files))
    : [];
  const loaded = [
    ...parts,
    ...words.flatMap((word) => filesNamed(word, {bases: all, root, files})),
    ...modules.flatMap(({files: own}) => own),
  ];
  return {
    folder,
    name,
    ...(modules.some(({isWhole}) => !isWhole) && {note: NOT_SEEN}),
    digest: sha256([relative(folder, path), value, digestsOf(loaded, look)]),
  };
}

/** By a path that is the same in every checkout, as long as it lies in it. */
function digestsOf(paths: readonly string[], {folder, root, files}: Look): readonly unknown[] {
  return [...new Set(paths)].map((path) => [
    contains(root, path) ? relative(folder, path) : path,
    files.digest(path),
  ]);
}
