import type {Schema} from '@cfworker/json-schema';
import {SCHEMA_OF_SCHEMAS, saysSomething} from './dialect.ts';
import {fitOf} from './fits.ts';

/** It goes into the prompt and the record. */
export const MAX_SCHEMA_CHARS = 8_000;

/** The schema that a text is. @throws where it is none that {@link problemWith} has passed. */
export function schemaIn(json: string): Schema {
  const schema: Schema = JSON.parse(json);
  return schema;
}

/** Why answers cannot be checked against this; `undefined` when they can. */
export async function problemWith(given: unknown): Promise<string | undefined> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return 'it is no JSON object';
  const {length} = JSON.stringify(given);
  if (length > MAX_SCHEMA_CHARS)
    return `it has ${length.toLocaleString('en-US')} characters; the limit is ${MAX_SCHEMA_CHARS.toLocaleString('en-US')}`;
  if (!saysSomething(given)) return 'it has no keyword of JSON Schema, such as type or properties';
  const fit = await fitOf(given, SCHEMA_OF_SCHEMAS);
  if (fit.is !== 'fitting') return fit.why;
  const problem = badPattern(given) ?? danglingReference(given, given);
  if (problem !== undefined) return problem;
  // One that refers to itself alone has no end.
  const trial = await fitOf(null, schemaIn(JSON.stringify(given)));
  return trial.is === 'unchecked' ? trial.why : undefined;
}

function badPattern(node: unknown): string | undefined {
  return firstIn(node, (key, value) => {
    const patterns =
      key === 'pattern' && typeof value === 'string'
        ? [value]
        : key === 'patternProperties' && typeof value === 'object' && value !== null
          ? Object.keys(value)
          : [];
    const bad = patterns.find((pattern) => !compiles(pattern));
    return bad === undefined ? undefined : `the pattern ${JSON.stringify(bad)} is no regular expression`;
  });
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

function danglingReference(node: unknown, root: object): string | undefined {
  return firstIn(node, (key, value) => {
    if (key !== '$ref' || typeof value !== 'string') return undefined;
    return isIn(root, value) ? undefined : `the reference ${JSON.stringify(value)} leads nowhere in it`;
  });
}

/** True where a pointer such as `#/$defs/price` leads to something. */
function isIn(root: object, pointer: string): boolean {
  const steps = pointer.slice(1).split('/').slice(1);
  let at: unknown = root;
  for (const step of steps) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false;
    at = Object.entries(at).find(([name]) => name === key)?.[1];
  }
  return pointer === '#' || pointer.startsWith('#/');
}

/** The first problem that a look at the keys of all that is in it finds. What only looks like a keyword counts as well. */
function firstIn(
  node: unknown,
  look: (key: string, value: unknown) => string | undefined,
): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  for (const [key, value] of Object.entries(node)) {
    const problem = look(key, value) ?? firstIn(value, look);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
