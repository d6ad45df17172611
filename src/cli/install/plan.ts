import {messageOf, Refusal} from '../../base/errors.ts';
import {NAME} from '../../base/name.ts';
import {inQuotes} from '../../base/safe-text.ts';
import type {HookedEvent, HookPlace, KnownClient, Scope, ServerPlace} from '../clients/client.ts';
import {type Entry, entriesIn} from '../clients/entries.ts';
import {isRecord, valueIn} from '../clients/value.ts';
import {configurationText, refuseReadOnly} from './files.ts';
import {hookCommand, isHookCommand} from './hook-command.ts';
import {insertJson, type JsonPath} from './json-edit.ts';
import {entryFor, type OwnLaunch} from './own-launch.ts';
import type {Receipt} from './receipts.ts';
import {insertTomlServer} from './toml-edit.ts';

/** What is to become of one file. */
export interface FileChange {
  readonly client: KnownClient;
  readonly file: string;
  /** `undefined` where there is no file. */
  readonly before: string | undefined;
  /** `undefined` where there is to be none. */
  readonly after: string | undefined;
  readonly added: Receipt['added'];
}

/** What is to be done for one client, or why it cannot be. */
export interface ClientPlan {
  readonly client: KnownClient;
  /** In a sentence. */
  readonly says: string;
  readonly is: 'to do' | 'done' | 'left alone' | 'failed';
  readonly changes: readonly FileChange[];
}

export interface PlanOptions {
  readonly scope: Scope;
  readonly launch: OwnLaunch;
}

/** A file on the way to what it is to be. */
interface Draft {
  readonly before: string | undefined;
  text: string;
  readonly added: Receipt['added'][number][];
}

/** What has to change for a client to have us, with its hooks. Nothing is written. */
export function planInstall(client: KnownClient, options: PlanOptions): ClientPlan {
  const {scope, launch} = options;
  const places = client.servers[scope];
  if (places === undefined)
    return {client, is: 'left alone', says: `It has no configuration of a ${scope}.`, changes: []};
  const drafts = new Map<string, Draft>();
  let file = '';
  try {
    for (const place of places) {
      file = place.file;
      const foreign = addServer(draftOf(drafts, file), place, {client, launch});
      if (foreign !== undefined)
        return {client, is: 'left alone', says: foreignIn(file, foreign), changes: []};
    }
    const hook = client.hook[scope];
    if (hook !== undefined) {
      file = hook.file;
      addHooks(draftOf(drafts, file), hook, {client, launch});
    }
    const changes = [...drafts].flatMap(([name, {before, text, added}]) =>
      text === (before ?? '') ? [] : [{client, file: name, before, after: text, added}],
    );
    for (const change of changes) {
      file = change.file;
      refuseReadOnly(file);
      // What we have made of it must say what it is to say.
      if (foreignOf(everywhereIn(valueIn(file, change.after), client, file)) !== undefined)
        throw new Refusal('It cannot be changed as it is: do it by hand.');
    }
    if (changes.length === 0) return {client, is: 'done', says: 'It is there already.', changes};
    return {client, is: 'to do', says: '', changes};
  } catch (error) {
    return {client, is: 'failed', says: `${inQuotes(file)}: ${messageOf(error)}`, changes: []};
  }
}

function draftOf(drafts: Map<string, Draft>, file: string): Draft {
  const known = drafts.get(file);
  if (known !== undefined) return known;
  const before = configurationText(file);
  const draft = {before, text: before ?? '', added: []};
  drafts.set(file, draft);
  return draft;
}

/** Resolves with the entry of our name that is not ours: then nothing is changed. */
function addServer(
  draft: Draft,
  place: ServerPlace,
  {client, launch}: {readonly client: KnownClient; readonly launch: OwnLaunch},
): Entry | undefined {
  const value = valueIn(place.file, draft.text);
  const own = everywhereIn(value, client, place.file);
  // One whose program is gone may have been changed by hand as well: the proof says what is wrong with it.
  if (own.some(({whose}) => whose !== 'foreign')) return undefined;
  const foreign = foreignOf(own);
  if (foreign !== undefined) return foreign;
  const entry = entryFor(place, launch);
  if (place.kind === 'toml') {
    draft.text = insertTomlServer(draft.text, NAME, entry as Record<string, unknown>);
    draft.added.push({path: [place.key, NAME], made: []});
  } else put(draft, [place.key, place.kind === 'servers' ? NAME : '-'], entry);
  return undefined;
}

function addHooks(
  draft: Draft,
  place: HookPlace,
  {client, launch}: {readonly client: KnownClient; readonly launch: OwnLaunch},
): void {
  for (const [key, top] of Object.entries(place.top ?? {})) {
    const value = valueIn(place.file, draft.text);
    if (isRecord(value) && value[key] === undefined) put(draft, [key], top);
  }
  for (const [event, name] of Object.entries(place.events) as [HookedEvent, string][]) {
    if (hookAt(valueIn(place.file, draft.text), name, event, client) !== undefined) continue;
    const hook = {
      ...(place.isTyped && {type: 'command'}),
      command: hookCommand(launch, event, client.name),
      timeout: place.timeout,
    };
    put(draft, ['hooks', name, '-'], place.isGrouped ? {hooks: [hook]} : hook);
  }
}

/** Where below the list for an event our hook is: its group where it is alone in it, else its place in the group. */
export function hookAt(
  value: unknown,
  list: string,
  event: HookedEvent,
  client: KnownClient,
): JsonPath | undefined {
  const hooks = isRecord(value) && isRecord(value.hooks) ? value.hooks[list] : undefined;
  if (!Array.isArray(hooks)) return undefined;
  const isOurs = (hook: unknown): boolean =>
    isRecord(hook) && typeof hook.command === 'string' && isHookCommand(hook.command, event, client);
  for (const [at, entry] of hooks.entries()) {
    if (isOurs(entry)) return [at];
    const group: readonly unknown[] = isRecord(entry) && Array.isArray(entry.hooks) ? entry.hooks : [];
    const inner = group.findIndex(isOurs);
    if (inner !== -1) return group.length === 1 ? [at] : [at, 'hooks', inner];
  }
  return undefined;
}

function put(draft: Draft, path: JsonPath, value: unknown): void {
  let made: readonly JsonPath[] = [];
  draft.text = edited(draft.text, (text) => {
    const inserted = insertJson(text, path, value);
    made = inserted.made;
    return inserted.text;
  });
  draft.added.push({path, made});
}

/** Changes a JSON text behind the mark that some editors on Windows begin files with. */
export function edited(text: string, edit: (text: string) => string): string {
  return text.startsWith('\uFEFF') ? `\uFEFF${edit(text.slice(1))}` : edit(text);
}

/** Entries that are there wherever the client is started: Claude Code has others for each project. */
function everywhereIn(value: unknown, client: KnownClient, file: string): readonly Entry[] {
  return entriesIn(value, client, file).filter(({path}) => path.length === 2);
}

function foreignOf(entries: readonly Entry[]): Entry | undefined {
  return entries.find(({whose, path}) => whose === 'foreign' && path.at(-1) === NAME);
}

function foreignIn(file: string, {command}: Entry): string {
  const starts =
    command === undefined ? 'nothing of ours' : inQuotes([command.command, ...command.args].join(' '));
  return `${inQuotes(file)} has another server that is called ${NAME}: it starts ${starts}. It was left alone, and nothing was added.`;
}
