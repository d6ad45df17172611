import {dirname, resolve} from 'node:path';
import {parse} from 'jsonc-parser';
import {homeOf} from '../../base/home.ts';
import {pathNamed} from './imports.ts';
import {filled, type ReferencePlace} from './references.ts';

/** What a configuration says that OpenCode has to load from elsewhere on this machine. */
export interface NamedCode {
  /** Files, or folders of packages. */
  readonly plugins: readonly string[];
  /** Folders. */
  readonly skills: readonly string[];
}

export interface NamingPlace extends ReferencePlace {
  /** Where OpenCode works. */
  readonly directory: string;
  /** The content of a file that the configuration refers to; empty where it cannot be read. */
  readonly file: (path: string) => string;
}

/** The plugins and the folders of skills that the text of a configuration names by a path. */
export function namedIn(text: string, place: NamingPlace): NamedCode {
  if (!/"(?:plugins?|skills)"/.test(text)) return {plugins: [], skills: []};
  const {plugin, plugins, skills} = fieldsOf(parse(filled(text, place), [], {allowTrailingComma: true}));
  const own = dirname(place.path);
  const paths = Array.isArray(skills) ? skills : fieldsOf(skills).paths;
  return {
    plugins: [plugin, plugins].flatMap(listOf).flatMap((entry) => pluginIn(entry, own)),
    skills: listOf(paths).flatMap((path) => (typeof path === 'string' ? skillsAt(path, place) : [])),
  };
}

/** A spec alone, with options in a list, or in an object. Anything but a path is a package of npm's. */
function pluginIn(entry: unknown, folder: string): readonly string[] {
  const spec: unknown = Array.isArray(entry) ? entry[0] : (fieldsOf(entry).package ?? entry);
  if (typeof spec !== 'string' || !/^(?:file:|\.{1,2}[\\/]|[\\/]|[A-Za-z]:[\\/])/.test(spec)) return [];
  const path = pathNamed(spec, folder);
  return path === undefined ? [] : [path];
}

/** Versions of OpenCode differ in what a relative path starts from. */
function skillsAt(path: string, {directory, path: file, env}: NamingPlace): readonly string[] {
  const named = path.replace(/^~(?=[\\/])/, homeOf(env));
  return [...new Set([resolve(directory, named), resolve(dirname(file), named)])];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? {...value} : {};
}
