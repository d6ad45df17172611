import {readFileSync} from 'node:fs';
import {NAME} from '../../base/name.ts';
import type {ClientFile, KnownClient} from './client.ts';
import {type EntryStart, startOfEntry, writtenOut} from './launch.ts';
import {type CommandLine, commandLineOf, namesUs, type Whose, whoseIs, whosePlugin} from './ours.ts';
import {isRecord, valueIn} from './value.ts';

/** An entry that starts us or names us, or that has our name. */
export interface Entry {
  /** The keys that lead to it; the last is its name, or its place in a list. */
  readonly path: readonly (string | number)[];
  readonly whose: Whose;
  /** What it names as its command, variables written out; `undefined` for a plugin, and for what starts nothing here. */
  readonly command: CommandLine | undefined;
  /** `undefined` for a plugin: OpenCode loads it. */
  readonly start: EntryStart | undefined;
}

/** What a file of a client's says. */
export type Read =
  | {readonly is: 'read'; readonly entries: readonly Entry[]}
  | {readonly is: 'absent'}
  | {readonly is: 'locked'}
  | {readonly is: 'broken'};

/** Reads which entries of a file are ours, or have our name. */
export function readEntries(client: KnownClient, {path}: ClientFile): Read {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return {is: error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'absent' : 'locked'};
  }
  try {
    return {is: 'read', entries: entriesIn(valueIn(path, text), client, path)};
  } catch {
    // Where somebody else's part is broken, it is not for us to say so.
    return text.includes(NAME) ? {is: 'broken'} : {is: 'read', entries: []};
  }
}

/** The entries that start us or name us, and the one of our name, whatever it starts. Ours come first. */
export function entriesIn(value: unknown, client: KnownClient, file: string): readonly Entry[] {
  const servers = client.starts.lists.flatMap((list) =>
    Object.entries(recordAt(value, list)).flatMap(([name, entry]) =>
      serverAt([...list, name], entry, client, file),
    ),
  );
  const listed = isRecord(value) && Array.isArray(value.plugin) ? value.plugin : [];
  const plugins = listed.flatMap((plugin, at) => pluginAt(['plugin', at], plugin, file));
  return [...servers, ...plugins].sort((a, b) => rank(a) - rank(b));
}

function serverAt(
  path: readonly string[],
  value: unknown,
  client: KnownClient,
  file: string,
): readonly Entry[] {
  const command = commandLineOf(value);
  const expanded = command && writtenOut(command, client, file);
  const whose = expanded === undefined ? 'foreign' : whoseIs(expanded, client.looker.env);
  const isMeant =
    whose !== 'foreign' || path.at(-1) === NAME || (expanded !== undefined && namesUs(expanded));
  return isMeant ? [{path, whose, command: expanded, start: startOfEntry(value, client, file)}] : [];
}

/** A plugin is named, or named with its options. */
function pluginAt(path: Entry['path'], value: unknown, file: string): readonly Entry[] {
  const spec: unknown = Array.isArray(value) ? value[0] : value;
  const whose = typeof spec === 'string' ? whosePlugin(spec, file) : 'foreign';
  return whose === 'foreign' ? [] : [{path, whose, command: undefined, start: undefined}];
}

function recordAt(value: unknown, [key, ...rest]: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) return {};
  return key === undefined ? value : recordAt(value[key], rest);
}

function rank({whose}: Entry): number {
  return ['ours', 'gone', 'foreign'].indexOf(whose);
}
