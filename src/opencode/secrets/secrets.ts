import {basename, dirname, join, resolve} from 'node:path';
import {parse} from 'jsonc-parser';
import {homeOf} from '../../base/home.ts';
import {wholeOf} from '../../base/whole-file.ts';
import {xdgFolder} from '../../base/xdg.ts';
import {
  type Configuration,
  configurationOf,
  MAX_CONFIGURATION_BYTES,
} from '../settings/configuration-files.ts';
import {Remembered} from '../settings/remembered.ts';
import {statsOf} from '../settings/tree.ts';
import {type FoundKeys, keysInSettings, keysInStore, keysInVariables} from './keys-in.ts';

/** Settings that the environment itself has. */
const SETTINGS_VARIABLE = 'OPENCODE_CONFIG_CONTENT';
const STORE_VARIABLE = 'OPENCODE_AUTH_CONTENT';
/** Where OpenCode keeps what people have logged in with. */
const STORES = ['auth.json', 'mcp-auth.json'];
/** The word "file" may be written with escapes in JSON. */
const FILE_REFERENCE = /file|\\u/i;

/**
 * The keys that are known of one environment: in its variables, in OpenCode's configuration, and in what people have
 * logged in with. A provider may say a key back, and an agent may print it: it is taken out of all that OpenCode says
 * before anything of ours sees it, so that it is in no record, log, list or answer.
 */
export class Secrets {
  readonly #env: NodeJS.ProcessEnv;
  readonly #home: string;
  /** What each is called, by the key. It stays known when it is changed: transcripts have it still. */
  readonly #names = new Map<string, string>();
  /** The keys, the longest first: one may begin with another. */
  #keys: readonly string[] = [];
  /** What has the name of a key, and is a part of a path: OpenCode's answers name that path. */
  readonly #plain = new Set<string>();
  /** What was found in each file; `undefined` of one that may take keys from others. */
  readonly #learnt = new Remembered<readonly FoundKeys[] | undefined>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#home = homeOf(env);
    const {[SETTINGS_VARIABLE]: settings = '', [STORE_VARIABLE]: store = '', ...others} = env;
    this.#add(keysInVariables(others));
    this.#add(this.#inSettings(settings, this.#home));
    this.#add(keysInStore(parse(store)));
  }

  /**
   * Looks for the keys that OpenCode may use in a directory. What cannot be read has none, for OpenCode neither.
   * @returns what was looked at.
   */
  learn(directory: string): Configuration {
    const configuration = configurationOf(directory, this.#env);
    const stores = STORES.map((name) => join(xdgFolder(this.#env, 'XDG_DATA_HOME'), 'opencode', name));
    for (const path of stores) this.#learnFrom(path, (text) => keysInStore(parse(text)));
    for (const [path] of configuration.entries) {
      if (!/\.jsonc?$/.test(path) || STORES.includes(basename(path))) continue;
      this.#learnFrom(path, (text) => this.#inSettings(text, dirname(path)));
    }
    for (const key of this.#keys) if (directory.includes(key)) this.#plain.add(key);
    return configuration;
  }

  /** The text with the name of each key in the key's place, also where the text is JSON. */
  conceal(text: string): string {
    let concealed = text;
    for (const key of this.#keys) {
      if (concealed.includes(key) && !this.#plain.has(key))
        concealed = concealed.replaceAll(key, `[withheld: ${this.#names.get(key)}]`);
    }
    return concealed;
  }

  /** A file that says the same as before is not read again, unless it takes a key from another file. */
  #learnFrom(path: string, keysIn: (text: string) => readonly FoundKeys[]): void {
    const stats = statsOf(path);
    if (stats?.isFile() !== true) return;
    const known = this.#learnt.get(path, stats, () => {
      const text = contentOf(path) ?? '';
      return FILE_REFERENCE.test(text) ? undefined : keysIn(text);
    });
    this.#add(known ?? keysIn(contentOf(path) ?? ''));
  }

  /** Read in spite of faults: OpenCode quotes a file that it cannot read. */
  #inSettings(text: string, folder: string): readonly FoundKeys[] {
    const file = (path: string) => contentOf(resolve(folder, path.replace(/^~(?=\/)/, this.#home)));
    return keysInSettings(parse(text, [], {allowTrailingComma: true}), {env: this.#env, file});
  }

  #add(found: readonly FoundKeys[]): void {
    const before = this.#names.size;
    for (const [name, key] of found) {
      // As it stands in JSON, where some characters have a sign before them.
      for (const form of [key, JSON.stringify(key).slice(1, -1)]) {
        if (!this.#names.has(form)) this.#names.set(form, name.replace(/[^\w.-]/g, '_'));
      }
    }
    if (this.#names.size === before) return;
    this.#keys = [...this.#names.keys()].sort((a, b) => b.length - a.length);
  }
}

function contentOf(path: string): string | undefined {
  try {
    return wholeOf(path, {maxBytes: MAX_CONFIGURATION_BYTES});
  } catch {
    // It is not there, or not to be read: for OpenCode neither.
    return undefined;
  }
}
