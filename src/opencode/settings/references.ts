import {dirname, resolve} from 'node:path';
import {homeOf} from '../../base/home.ts';

/** As OpenCode finds them, in the text of a configuration. */
const FILE_REFERENCE = /\{file:((?:\{env:[^}]+\}|[^}])+)\}/g;
const VARIABLE = /\{env:([^}]+)\}/g;
/** What begins a reference, finished or not. */
const BEGINNING = /\{(?:env|file):/g;
/** References that mean the same before and after the text is taken for JSON. */
const PLAIN_REFERENCE = /\{(?:env|file):[^{}"\\\n]+\}/g;

/** Where a configuration stands, and what there is to fill it with. */
export interface ReferencePlace {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The files that a text takes parts of itself from. */
export function filesReferredTo(text: string, place: ReferencePlace): readonly string[] {
  return [...text.matchAll(FILE_REFERENCE)].map(([, reference = '']) => referredTo(reference, place));
}

/** A text as OpenCode has it: with values in the place of all references, before it is taken for JSON. */
export function filled(
  text: string,
  {file, ...place}: ReferencePlace & {file: (path: string) => string},
): string {
  return withVariables(text, place).replace(FILE_REFERENCE, (_, reference: string) =>
    JSON.stringify(file(referredTo(reference, place)).trim()).slice(1, -1),
  );
}

/** How many references a text has, beginnings included; `undefined` where it depends on the reader which they are. */
export function countReferences(text: string): number | undefined {
  const count = text.match(PLAIN_REFERENCE)?.length ?? 0;
  return count === (text.match(BEGINNING)?.length ?? 0) ? count : undefined;
}

/** True for a text that is filled with the value of a variable. */
export function hasVariable(text: string): boolean {
  return text.includes('{env:');
}

function withVariables(text: string, {env}: ReferencePlace): string {
  return text.replace(VARIABLE, (_, name: string) => env[name] ?? '');
}

function referredTo(reference: string, place: ReferencePlace): string {
  const named = withVariables(reference, place).replace(/^~(?=\/)/, homeOf(place.env));
  return resolve(dirname(place.path), named);
}
