import {existsSync} from 'node:fs';
import {messageOf} from '../../base/errors.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {textDigest} from '../../base/text-digest.ts';
import type {HookedEvent, KnownClient, Scope} from '../clients/client.ts';
import {entriesIn} from '../clients/entries.ts';
import {isRecord, valueIn} from '../clients/value.ts';
import {configurationText, refuseReadOnly} from './files.ts';
import {blanksOf, type JsonPath, removeJson} from './json-edit.ts';
import {type ClientPlan, edited, type FileChange, hookAt} from './plan.ts';
import type {Receipt} from './receipts.ts';
import {removeTomlServer} from './toml-edit.ts';

export interface UnplanOptions {
  readonly scope: Scope;
  readonly receipts: Readonly<Record<string, Receipt>>;
}

/**
 * What has to change for a client to be as it was before `install`. A file that nobody has changed since becomes what it
 * was to the byte; of another one, only what was added is taken out. What `install` has not added stays.
 */
export function planUninstall(client: KnownClient, {scope, receipts}: UnplanOptions): ClientPlan {
  // The last first: a folder goes with the file that it was made for.
  const files = filesOf(client, scope)
    .filter((file) => receipts[file]?.client === client.name)
    .reverse();
  let at = '';
  try {
    const changes = files.flatMap((file): readonly FileChange[] => {
      at = file;
      const receipt = receipts[file];
      const before = configurationText(file);
      if (receipt === undefined) return [];
      const after = before === undefined ? undefined : textBefore({client, before, receipt, file});
      if (after !== before) refuseReadOnly(file);
      return [{client, file, before, after, added: []}];
    });
    if (changes.length > 0) return {client, is: 'to do', says: '', changes};
    return {client, is: 'done', says: saysOfOthers(client), changes};
  } catch (error) {
    return {client, is: 'failed', says: `${inQuotes(at)}: ${messageOf(error)}`, changes: []};
  }
}

function filesOf(client: KnownClient, scope: Scope): readonly string[] {
  const servers = client.servers[scope]?.map(({file}) => file) ?? [];
  const hook = client.hook[scope]?.file;
  return [...new Set([...servers, ...(hook === undefined ? [] : [hook])])];
}

interface Written {
  readonly client: KnownClient;
  readonly file: string;
  readonly before: string;
  readonly receipt: Receipt;
}

function textBefore(written: Written): string | undefined {
  const {before, receipt} = written;
  if (textDigest(before) !== receipt.after) return without(written);
  if (receipt.copy === undefined) return undefined;
  return existsSync(receipt.copy) ? configurationText(receipt.copy) : without(written);
}

/** Takes out what was added, the last first, and containers that were made for it and are empty. */
function without(written: Written): string | undefined {
  const {client, file, before, receipt} = written;
  const isToml = file.endsWith('.toml');
  const first = textAtFirst(written);
  let text = before;
  for (const {path, made} of [...receipt.added].reverse()) {
    const place = placeNow({client, file, path, first}, text);
    if (place !== undefined)
      text = isToml
        ? removeTomlServer(text, String(place.at(-1)))
        : edited(text, (one) => removeJson(one, place));
    for (const container of [...made].reverse())
      if (isEmptyAt(valueIn(file, text), container)) text = edited(text, (one) => removeJson(one, container));
    if (place !== undefined && !isToml && first !== undefined) text = withBlanks(text, path, first);
  }
  const isAsMade = receipt.copy === undefined && /^\s*\{\s*\}\s*$/.test(text);
  return isAsMade ? undefined : text;
}

/** What the file was before us, where its copy can be read. */
function textAtFirst({file, receipt}: Written): string | undefined {
  if (receipt.copy === undefined || !existsSync(receipt.copy)) return undefined;
  try {
    const text = configurationText(receipt.copy) ?? '';
    valueIn(file, text);
    return text.trim() === '' ? undefined : text;
  } catch {
    // Somebody has changed the copy.
    return undefined;
  }
}

/** Containers on the way to what was added, the outermost too, are as empty as they were. */
function withBlanks(text: string, path: JsonPath, first: string): string {
  const containers = path.map((_, at) => path.slice(0, at));
  const had = first.replace(/^\uFEFF/, '');
  return containers.reduce((now, one) => edited(now, (inner) => blanksOf(inner, one, had)), text);
}

/** Where what was added is by now; `undefined` where it is gone, or has become somebody else's. */
function placeNow(
  {client, file, path, first}: {client: KnownClient; file: string; path: JsonPath; first: string | undefined},
  text: string,
): JsonPath | undefined {
  const value = valueIn(file, text);
  const [list = '', name = ''] = path;
  if (list === 'hooks') {
    const events = Object.entries(client.hook).flatMap(([, place]) => Object.entries(place.events));
    const event = events.find(([, other]) => other === name)?.[0] as HookedEvent | undefined;
    const at = event === undefined ? undefined : hookAt(value, String(name), event, client);
    return at === undefined ? undefined : ['hooks', name, ...at];
  }
  if (path.length === 1) return isOnlyOurs(value, String(list), {client, file, first}) ? path : undefined;
  const own = entriesIn(value, client, file).filter(({whose}) => whose !== 'foreign');
  return own.find(({path: at}) => at.length === 2 && at[0] === list && (name === '-' || at[1] === name))
    ?.path;
}

/**
 * True of what a file has to say at its top, where it says what we have put there, and has nothing besides that was not
 * there without it. What came later may need it.
 */
function isOnlyOurs(
  value: unknown,
  key: string,
  {client, file, first}: {client: KnownClient; file: string; first: string | undefined},
): boolean {
  if (!isRecord(value)) return false;
  const places = Object.values(client.hook).filter((place) => place.file === file);
  const isAsPut = places.some(({top}) => top?.[key] === value[key]);
  const had: unknown = first === undefined ? {} : valueIn(file, first);
  return isAsPut && Object.keys(value).every((one) => one === key || (isRecord(had) && one in had));
}

function isEmptyAt(value: unknown, path: JsonPath): boolean {
  const found = path.reduce<unknown>((inner, step) => (isRecord(inner) ? inner[step] : undefined), value);
  return Array.isArray(found) ? found.length === 0 : isRecord(found) && Object.keys(found).length === 0;
}

/** Entries of ours that a person, or another command, has added. */
function saysOfOthers(client: KnownClient): string {
  const paths = [...new Set(client.files.map(({path}) => path))];
  const own = paths.filter((file) => {
    const text = existsSync(file) ? configurationText(file) : undefined;
    if (text === undefined) return false;
    return entriesIn(valueIn(file, text), client, file).some(({whose}) => whose !== 'foreign');
  });
  if (own.length === 0) return 'Nothing of ours is there.';
  return `${own.map(inQuotes).join(', ')} has us, and install has not added that: it was left alone.`;
}
