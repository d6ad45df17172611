import {type ParseError, parse} from 'jsonc-parser';
import {parse as parseToml} from 'smol-toml';
import {NAME} from '../../base/name.ts';
import {type Launch, launchOf, type Whose, whoseIs, whosePlugin} from './ours.ts';

/** An entry that starts us, or that has our name. */
export interface Entry {
  /** Its key, or its place in a list. */
  readonly key: string | number;
  readonly whose: Whose;
  /** `undefined` for a plugin, and for what starts nothing here. */
  readonly launch: Launch | undefined;
}

/** Where a list of servers is in any client's configuration. */
const SERVER_KEYS = ['mcpServers', 'servers', 'context_servers', 'mcp_servers', 'mcp'];

/** What a configuration says; TOML is Codex's. @throws where it cannot be read. */
export function valueIn(file: string, text: string): unknown {
  if (file.endsWith('.toml')) return parseToml(text);
  const errors: ParseError[] = [];
  const value: unknown = parse(text.replace(/^\uFEFF/, ''), errors, {allowTrailingComma: true});
  const isEmpty = text.trim() === '';
  if (errors.length > 0 && !isEmpty) throw new Error('it is no JSON that can be read');
  return isEmpty ? {} : value;
}

/** The entries that start us, and one that has our name, also if it is foreign. Ours come first. */
export function entriesIn(value: unknown, env: NodeJS.ProcessEnv): readonly Entry[] {
  if (!isRecord(value)) return [];
  const lists = SERVER_KEYS.map((key) => value[key]).filter(isRecord);
  const servers = lists.flatMap((list) => Object.entries(list).flatMap((pair) => entryOf(pair, env)));
  const plugins = Array.isArray(value.plugin) ? value.plugin.flatMap(pluginOf) : [];
  return [...servers, ...plugins].sort((a, b) => rank(a) - rank(b));
}

function entryOf([key, value]: [string, unknown], env: NodeJS.ProcessEnv): readonly Entry[] {
  const launch = launchOf(value);
  const whose = launch === undefined ? 'foreign' : whoseIs(launch, env);
  return whose !== 'foreign' || key === NAME ? [{key, whose, launch}] : [];
}

/** A plugin is named, or named with its options. */
function pluginOf(value: unknown, key: number): readonly Entry[] {
  const spec: unknown = Array.isArray(value) ? value[0] : value;
  const whose = typeof spec === 'string' ? whosePlugin(spec) : 'foreign';
  return whose === 'foreign' ? [] : [{key, whose, launch: undefined}];
}

function rank({whose}: Entry): number {
  return ['ours', 'gone', 'foreign'].indexOf(whose);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
