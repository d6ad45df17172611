import {parse} from 'jsonc-parser';
import {isSecretName, keyIn} from './looks-secret.ts';

/** A key, and what it is called where it was found. */
export type FoundKeys = readonly [name: string, key: string];

/** What settings can refer to in the place of a value. */
export interface References {
  readonly env: NodeJS.ProcessEnv;
  /** The content of a file that settings name; `undefined` where it cannot be read. */
  readonly file: (path: string) => string | undefined;
}

/** The keys in an environment, by the names of its variables. A variable may hold an address, or settings. */
export function keysInVariables(env: NodeJS.ProcessEnv): readonly FoundKeys[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    const inside = value.trimStart().startsWith('{')
      ? keysIn(parse(value), [name])
      : keysInAddress(name, value);
    return isSecretName(name) ? [...named(name, value), ...inside] : inside;
  });
}

/** The keys in settings, by what they are called there, with all that stands above it. */
export function keysInSettings(settings: unknown, references: References): readonly FoundKeys[] {
  return keysIn(settings, [], (text) => resolved(text, references));
}

function keysIn(
  settings: unknown,
  above: readonly string[],
  meant: (text: string) => string = (text) => text,
): readonly FoundKeys[] {
  return texts(settings, above).flatMap(([path, text]) =>
    isSecretName(path.at(-1) ?? '')
      ? named(path.join('.'), meant(text))
      : keysInAddress(path.join('.'), text),
  );
}

/** All that is in a store of credentials is one, whatever it is called. */
export function keysInStore(store: unknown): readonly FoundKeys[] {
  return texts(store, []).flatMap(([path, text]) => named(path.join('.'), text));
}

function named(name: string, value = ''): readonly FoundKeys[] {
  const key = keyIn(value);
  return key === undefined ? [] : [[name, key]];
}

/** As OpenCode writes references: `{env:NAME}`, `{file:path}`. */
function resolved(text: string, {env, file}: References): string {
  return text
    .replace(/\{env:([^}]+)\}/g, (_, name: string) => env[name] ?? '')
    .replace(/\{file:([^}]+)\}/g, (_, path: string) => file(path)?.trim() ?? '');
}

/** An address may carry a key in its query, or a password before its host. */
function keysInAddress(name: string, text: string): readonly FoundKeys[] {
  if (!URL.canParse(text)) return [];
  const {searchParams, password} = new URL(text);
  const inQuery = [...searchParams].filter(([parameter]) => isSecretName(parameter));
  return [...inQuery.map(([, value]) => value), password, decoded(password)].flatMap((value) =>
    named(name, value),
  );
}

/** An address has signs for what may not stand in it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

type Text = readonly [path: readonly string[], text: string];

function texts(value: unknown, path: readonly string[]): readonly Text[] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => texts(inner, [...path, name]));
}
