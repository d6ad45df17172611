import type {BigIntStats} from 'node:fs';
import {dirname, join} from 'node:path';
import {wholeOf} from '../../base/whole-file.ts';
import {digestOf} from '../../environment/digest.ts';
import {meaningOf} from './configuration-meaning.ts';
import {configurationPlaces} from './configuration-places.ts';
import {MODULE, moduleAt, withImports} from './imports.ts';
import {namedIn} from './named-code.ts';
import {filesReferredTo} from './references.ts';
import {changeOf, Remembered} from './remembered.ts';
import {filesBelow, statsOf} from './tree.ts';

/** What OpenCode reads in its folders, by their names. */
const TEXTS = ['agent', 'agents', 'mode', 'modes', 'command', 'commands'];
const CODE = ['plugin', 'plugins', 'tool', 'tools'];
const SKILLS = ['skill', 'skills'];

/** Nobody writes more by hand, and a link can lead to anything. */
export const MAX_CONFIGURATION_BYTES = 64 * 1024 * 1024;

const isText = (name: string) => name.endsWith('.md');
const isModule = (name: string) => MODULE.test(name);
const isSkill = (name: string) => name === 'SKILL.md';

/** What OpenCode reads before it can say what it offers in a directory. */
export interface Configuration {
  /** Each file that is there, with what changes when it does. */
  readonly entries: readonly (readonly [path: string, version: string])[];
  /** When something was changed last, in milliseconds since the epoch. */
  readonly changedAt: number;
}

/**
 * Looks at all files that OpenCode reads for a directory: configurations with the files that they refer to as
 * `{file:…}`, logins, agents, commands, skills, and tools and plugins with what they import by path. What comes over a
 * network or is installed by npm, and what plugins read, is not among them. Files beside these do not count, however
 * many there are.
 */
export function configurationOf(directory: string, env: NodeJS.ProcessEnv): Configuration {
  const look = new Look(directory, env);
  const {files, folders: all, skills} = configurationPlaces(directory, env);
  // Most are not there, and one look says so of all that could lie in them.
  const missing = new Set(all.filter((folder) => statsOf(folder) === undefined));
  const folders = all.filter((folder) => !missing.has(folder));
  for (const file of files) if (!missing.has(dirname(file))) look.settings(file);
  look.text(env.OPENCODE_CONFIG_CONTENT ?? '', join(directory, 'opencode.json'));
  for (const folder of folders) {
    for (const name of TEXTS) look.files(join(folder, name), isText);
    for (const name of SKILLS) look.files(join(folder, name), isSkill);
    for (const name of CODE) look.code(join(folder, name));
  }
  for (const folder of skills) look.files(folder, isSkill);
  return look.found;
}

/** What was read of each configuration: a delegation has the same ones looked at several times. */
const settingsIn = new Remembered<ReturnType<typeof settingsOf>>();

class Look {
  readonly #directory: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #entries = new Map<string, string>();
  #changedAt = 0;

  constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.#directory = directory;
    this.#env = env;
  }

  get found(): Configuration {
    return {entries: [...this.#entries], changedAt: this.#changedAt};
  }

  /** A configuration, with all that it names. */
  settings(path: string): void {
    const stats = statsOf(path);
    if (stats === undefined || this.#entries.has(path)) return;
    const read = settingsIn.get(path, stats, () => settingsOf(path));
    this.#add(path, stats, read?.digest);
    if (read !== undefined) this.text(read.text, path);
  }

  /** What the text of a configuration names. */
  text(text: string, path: string): void {
    const place = {
      path,
      env: this.#env,
      directory: this.#directory,
      file: (one: string) => textOf(one) ?? '',
    };
    for (const file of filesReferredTo(text, place)) this.#file(file);
    const {plugins, skills} = namedIn(text, place);
    for (const plugin of plugins) this.code(plugin, [moduleAt(plugin) ?? plugin]);
    for (const folder of skills) this.files(folder, isSkill);
  }

  /** The files below a folder that have the right name. */
  files(folder: string, isWanted: (name: string) => boolean): void {
    for (const file of filesBelow(folder, {isWanted, onFolder: (stats) => this.#note(stats)})) {
      this.#file(file);
    }
  }

  /** All modules below a folder, and others, with what they import. */
  code(folder: string, others: readonly string[] = []): void {
    const skip = ['node_modules', '.git'];
    const inFolder = filesBelow(folder, {isWanted: isModule, skip, onFolder: (stats) => this.#note(stats)});
    for (const file of withImports([...others, ...inFolder])) this.#file(file);
  }

  #file(path: string): void {
    const stats = statsOf(path);
    if (stats?.isFile() === true) this.#add(path, stats);
  }

  #add(path: string, stats: BigIntStats, version = changeOf(stats)): void {
    if (!this.#entries.has(path)) this.#entries.set(path, version);
    this.#note(stats);
  }

  #note({mtimeMs}: BigIntStats): void {
    this.#changedAt = Math.max(this.#changedAt, Number(mtimeMs));
  }
}

/** `undefined` of what cannot be read. */
function settingsOf(path: string): {text: string; digest: string} | undefined {
  const text = textOf(path);
  return text === undefined ? undefined : {text, digest: digestOf(meaningOf(text))};
}

/** `undefined` of what cannot be read: OpenCode cannot read it either. */
function textOf(path: string): string | undefined {
  try {
    return wholeOf(path, {maxBytes: MAX_CONFIGURATION_BYTES});
  } catch {
    return undefined;
  }
}
