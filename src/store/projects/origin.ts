import {isAbsolute, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {addressOf, repositoryUrl} from '../../base/repository-address.ts';
import {fileTextOf, repositoryAt, repositoryTopOf} from './repository.ts';

/** Where a repository was cloned from. */
export type Origin =
  /** A repository on this machine, by the folder that its worktrees share. */
  | {readonly commonDir: string}
  /** One elsewhere, as `host/path`: the same by whatever protocol, and for whomever. */
  | {readonly address: string};

/** The origin of a repository, as its configuration names it; `undefined` where it names none. */
export function originOf(commonDir: string): Origin | undefined {
  const url = urlOf(fileTextOf(join(commonDir, 'config')) ?? '');
  if (url === undefined) return undefined;
  const path = pathOf(url);
  if (path === undefined) {
    const parts = repositoryUrl(url);
    return parts === undefined ? undefined : {address: addressOf(parts)};
  }
  const folder = resolve(repositoryTopOf(commonDir), path);
  const other = repositoryAt(folder) ?? repositoryAt(`${folder}.git`);
  return other === undefined || other === commonDir ? undefined : {commonDir: other};
}

/**
 * The first address of the remote `origin`. A remote of another name, such as `upstream` or `template`, is what a fork or
 * a copy has of the repository that it was made from.
 */
function urlOf(config: string): string | undefined {
  let remote: string | undefined;
  for (const line of config.split('\n')) {
    if (/^\s*\[/.test(line)) remote = /^\s*\[\s*remote\s+"((?:[^"\\]|\\.)*)"\s*\]/i.exec(line)?.[1];
    const value = /(?:^|\])\s*url\s*=(.*)$/i.exec(line)?.[1];
    if (remote === 'origin' && value !== undefined) return unquoted(value);
  }
  return undefined;
}

/** A value of git's configuration, without its quotes and what is said after it. */
function unquoted(text: string): string {
  const pieces = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([^"#;]+)|[#;].*$/g)];
  return pieces
    .map(([, quoted, plain]) => quoted ?? plain ?? '')
    .join('')
    .trim()
    .replace(/\\(["\\])/g, '$1');
}

/** The path of an address that is one. */
function pathOf(url: string): string | undefined {
  if (/^file:\/\//i.test(url)) {
    try {
      return fileURLToPath(url);
    } catch {
      return undefined;
    }
  }
  // What has a colon before its first slash is a host with a path, but for a drive of Windows.
  const isElsewhere = /^[^/\\]+:/.test(url) && !/^[A-Za-z]:[\\/]/.test(url);
  return isAbsolute(url) || !isElsewhere ? url : undefined;
}
