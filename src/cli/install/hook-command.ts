import type {HookedEvent, KnownClient} from '../clients/client.ts';
import {type CommandLine, whoseIs} from '../clients/ours.ts';

/** What a command of a client's hooks says, if it is one that starts a hook like ours. */
export interface HookStart {
  /** What is started, without what says that it is a hook. */
  readonly program: CommandLine;
  readonly event: string;
  readonly client: string;
}

/** Variables that a shell sets for the one command. */
const ASSIGNMENT = /^[A-Za-z_]\w*=/;
/** More than one command, or one whose output goes elsewhere. */
const OPERATOR = /[;&|<>()`\n]/;
/** A word, or a part of one: in quotes, or bare. */
const PART = /'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|(?<bare>(?:\\[\s"'\\$]|[^\s"'])+)/y;

/** What a client runs at an event. */
export function hookCommand({command, args}: CommandLine, event: HookedEvent, client: string): string {
  return [...[command, ...args].map(shellWord), 'hook', event, '--client', client].join(' ');
}

/** True for a command of a client's hooks that starts us for this event. Others have hooks that are spelled the same. */
export function isHookCommand(text: string, event: HookedEvent, {name, looker}: KnownClient): boolean {
  const start = hookStartIn(text);
  if (start?.event !== event || start.client !== name) return false;
  return whoseIs(start.program, looker.env) !== 'foreign';
}

/** What a command starts as a hook; `undefined` for other commands, and for what a shell would have to work out. */
export function hookStartIn(text: string): HookStart | undefined {
  const all = wordsIn(text) ?? [];
  const first = all.findIndex((word) => !ASSIGNMENT.test(word));
  const [command, ...args] = all.slice(first, -4);
  const [hook, event, option, client] = all.slice(-4);
  if (command === undefined || hook !== 'hook' || option !== '--client') return undefined;
  if (event === undefined || client === undefined) return undefined;
  return {program: {command, args}, event, client};
}

/** The words of a plain command, as a shell has them. The backslashes of paths on Windows stay. */
function wordsIn(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let at = 0;
  let isNew = true;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at += 1;
      isNew = true;
      continue;
    }
    PART.lastIndex = at;
    const {single, double, bare} = PART.exec(text)?.groups ?? {};
    // A quote that does not end.
    if (PART.lastIndex === 0) return undefined;
    if (bare !== undefined && OPERATOR.test(bare)) return undefined;
    const part =
      single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? (bare ?? '').replace(/\\([\s"'\\$])/g, '$1');
    if (isNew) words.push(part);
    else words.push(`${words.pop() ?? ''}${part}`);
    at = PART.lastIndex;
    isNew = false;
  }
  return words;
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word.replace(/(["\\$`])/g, '\\$1')}"`;
}
