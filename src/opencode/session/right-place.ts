import {stat} from 'node:fs/promises';
import {sep} from 'node:path';
import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {Refusal} from '../../base/errors.ts';
import {realPathSync} from '../../base/real-path.ts';
import {dataOf} from '../wire/answer.ts';

/**
 * Looks whether OpenCode would work in a directory or in another one. It decodes a path like an address, and takes a
 * backslash for a slash: first the path that it is asked for, then with each request the one that the session has, which
 * is the real one. To encode what it is asked for mends only the first, so what it changes is refused.
 *
 * @throws Refusal when it would work elsewhere.
 */
export function checkReading(directory: string): void {
  for (const path of [directory, realPathSync(directory)]) {
    const read = asRead(path);
    if (read !== path) throw new Refusal(misread(path, read));
  }
}

/**
 * As {@link checkReading}, by what OpenCode itself says: to be called before anything of a directory is relied on.
 * @throws Refusal when it works elsewhere.
 */
export async function checkPlace(client: OpencodeClient, directory: string): Promise<void> {
  const {directory: worksIn} = await dataOf(client.path.get({directory}));
  await checkSamePlace(worksIn, directory);
}

/**
 * To be called with the directory that OpenCode gives for a session, before anything is sent to it.
 * @throws Refusal when it is not the one that was asked for.
 */
export async function checkSamePlace(worksIn: string, directory: string): Promise<void> {
  // The next request about the session is about what this is read as.
  if ((await isSameFolder(worksIn, directory)) && asRead(worksIn) === worksIn) return;
  throw new Refusal(
    `OpenCode would work in ${worksIn}, and not in ${directory}, which it was asked for. Nothing was sent to the model. Where somebody has moved the session in OpenCode, delegate without continue; else give the directory another name.`,
  );
}

function asRead(path: string): string {
  return sep === '\\' ? decoded(path) : decoded(path).replaceAll('\\', '/');
}

/** As OpenCode does it: a path in which anything cannot be decoded stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** By what the file system says: one folder has many names. */
async function isSameFolder(one: string, other: string): Promise<boolean> {
  if (one === other) return true;
  const [a, b] = await Promise.all([one, other].map(identityOf));
  return a !== undefined && a === b;
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    const {dev, ino} = await stat(path, {bigint: true});
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

function misread(path: string, read: string): string {
  return `OpenCode cannot work in ${path}: it reads that path as ${read}, which is another one, and would work there. Nothing was sent to the model. Give the folder a name without a backslash and without "%" before two hexadecimal digits, then delegate it again.`;
}
