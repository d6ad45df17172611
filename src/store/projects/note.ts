import type {Identity} from './identity.ts';

/** The directories of records that are in the folders of earlier versions, by the name of the folder. */
export type Earlier = Readonly<Record<string, readonly string[]>>;

/** What is written down of a project. */
export interface Note {
  /** What it is about. */
  readonly of: string;
  /** Of the project. */
  readonly name: string;
  /** The folder that it was written down for. */
  readonly place: string;
  /** What was there; earlier versions did not write that down. */
  readonly is?: Identity | undefined;
  readonly earlier: Earlier;
}

/**
 * Reads one; `undefined` for what is none. By hand: a client's hook reads these before each prompt, and a library for
 * schemas takes longer to load than all else that it does.
 */
export function noteIn(value: unknown): Note | undefined {
  if (!isObject(value)) return undefined;
  const {of, name, place, is, earlier = {}} = value;
  if (typeof of !== 'string' || typeof name !== 'string' || typeof place !== 'string') return undefined;
  if (!isEarlier(earlier)) return undefined;
  if (is === undefined) return {of, name, place, earlier};
  return isIdentity(is) ? {of, name, place, is, earlier} : undefined;
}

function isEarlier(value: unknown): value is Earlier {
  return isObject(value) && Object.values(value).every(isListOfTexts);
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isIdentity(value: unknown): value is Identity {
  if (!isObject(value)) return false;
  return ['folder', 'git', 'made', 'origin'].every((part) =>
    ['string', 'undefined'].includes(typeof value[part]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
