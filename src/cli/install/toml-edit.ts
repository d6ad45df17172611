import {isDeepStrictEqual} from 'node:util';
import {messageOf, Refusal} from '../../base/errors.ts';
import {isRecord, tomlIn} from '../clients/value.ts';

const KEY = 'mcp_servers';
const HEADER = /^\s*\[/;

type Table = Record<string, unknown>;

/** What a TOML text says. @throws Refusal where it cannot be read. */
function readToml(text: string): Table {
  try {
    return tomlIn(text);
  } catch (error) {
    throw new Refusal(`It is no TOML that can be read: ${messageOf(error).split('\n')[0]}.`, {cause: error});
  }
}

/** The servers of Codex's configuration. */
function tomlServers(text: string): Table {
  const servers = readToml(text)[KEY];
  return isRecord(servers) ? servers : {};
}

/**
 * Puts a server at the end of Codex's configuration, as `codex mcp add` does, and changes nothing else of the text.
 * @throws Refusal where the result would not say just that.
 */
export function insertTomlServer(text: string, name: string, entry: Table): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const gap = text === '' ? '' : text.endsWith('\n') ? eol : `${eol}${eol}`;
  const lines = Object.entries(entry).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const after = `${text}${gap}${[`[${KEY}.${name}]`, ...lines, ''].join(eol)}`;
  return checked(after, {...readToml(text), [KEY]: {...tomlServers(text), [name]: entry}});
}

/** Takes a server out, with its tables, and leaves all else as it is. @throws Refusal where that is not possible. */
export function removeTomlServer(text: string, name: string): string {
  const {[name]: gone, ...others} = tomlServers(text);
  if (gone === undefined) return text;
  const wanted = {...readToml(text), [KEY]: others};
  const isOurs = new RegExp(`^\\s*\\[\\s*${KEY}\\s*\\.\\s*["']?${name}["']?\\s*[.\\]]`);
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const kept: string[] = [];
  let held: string[] | undefined;
  for (const line of lines) {
    if (HEADER.test(line)) {
      // Comments above another table belong to that one.
      if (held !== undefined) kept.push(...held);
      held = isOurs.test(line) ? [] : undefined;
      if (held !== undefined && kept.at(-1)?.trim() === '') kept.pop();
      if (held !== undefined) continue;
    }
    if (held === undefined) kept.push(line);
    else if (line.trim() === '' || line.trim().startsWith('#')) held.push(line);
    else held = [];
  }
  return checked(kept.concat(held ?? []).join(''), wanted);
}

function checked(text: string, {[KEY]: servers, ...rest}: Table): string {
  const wanted = isRecord(servers) && Object.keys(servers).length > 0 ? {...rest, [KEY]: servers} : rest;
  try {
    const {[KEY]: found, ...others} = readToml(text);
    const says = isRecord(found) && Object.keys(found).length > 0 ? {...others, [KEY]: found} : others;
    if (isDeepStrictEqual(plain(says), plain(wanted))) return text;
  } catch {
    // What we would write cannot be read: it is not written.
  }
  throw new Refusal('It cannot be changed without touching what else it says: do it by hand.');
}

/** Dates and large numbers as their text, and tables without their class. */
function plain(value: Table): unknown {
  return JSON.parse(JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one)));
}
