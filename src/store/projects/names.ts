import {basename} from 'node:path';
import {textDigest} from '../../base/text-digest.ts';
import {repositoryTopOf} from './repository.ts';

/** So many hexadecimal digits tell one folder of a name from another. */
const DIGITS = 8;
const EARLIER_DIGITS = 16;
const READABLE_CHARS = 40;

/** What earlier versions called the projects of repositories with a commit: by their root commit. */
export const BY_COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** What they called all others: by the directory. */
const BY_DIRECTORY = new RegExp(`(?:^|-)[0-9a-f]{${EARLIER_DIGITS}}$`);

/**
 * The name of a new project: that of its folder, for people, and what tells it from others of that name.
 * @param before how many others have been in this place.
 */
export function nameFor(place: string, before = 0): string {
  const digest = textDigest(before === 0 ? place : `${before} before in ${place}`);
  return named(repositoryTopOf(place).replace(/\.git$/i, ''), digest.slice(0, DIGITS));
}

/** What an earlier version called the project of a directory, given as its real path, that had no commit. */
export function earlierNameOf(directory: string): string {
  return named(directory, textDigest(directory).slice(0, EARLIER_DIGITS));
}

/** True for what an earlier version may have called a project. */
export function isEarlierName(name: string): boolean {
  return BY_COMMIT.test(name) || BY_DIRECTORY.test(name);
}

function named(path: string, digest: string): string {
  const readable = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, READABLE_CHARS);
  return readable === '' ? digest : `${readable}-${digest}`;
}
