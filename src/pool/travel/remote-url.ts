import {addressOf, repositoryUrl} from '../../base/repository-address.ts';

/** How a worker fetches, where it is not told otherwise: what is encrypted, and runs no program that a URL names. */
export const WORKER_PROTOCOLS = ['https', 'ssh'] as const;
/** How it can be told to fetch. `file` is for tests and for machines that share a disk. */
const KNOWN_PROTOCOLS = ['https', 'ssh', 'http', 'git', 'file'] as const;
export type FetchProtocol = (typeof KNOWN_PROTOCOLS)[number];

const NAME = /^[\w.~+-]+$/;
const HOST = /^(?!-)[\w.-]+$|^\[[0-9a-f:.]+\]$/i;

/** A remote that another machine may reach. */
export interface RemoteUrl {
  /** What git can fetch from: without password or token. */
  readonly url: string;
  /** `host/path`: the same by whatever protocol, and for whomever. */
  readonly address: string;
  readonly protocol: FetchProtocol;
}

/**
 * Reads a URL of git's, and leaves out of it what is secret: the user and password of `https`, the password of `ssh`,
 * and what follows a question mark. `undefined` where it leads to this machine alone, or is no URL that is known.
 */
export function remoteUrl(text: string): RemoteUrl | undefined {
  if (/[\p{Cc}\s]/u.test(text) && !text.startsWith('file://')) return undefined;
  // A drive; and what git would take for the name of a program, or for a host with another meaning.
  if (/^[A-Za-z]:[\\/]|^[^/]*::|^[^/@]*:[^/]*@/.test(text)) return undefined;
  const file = /^file:\/\/(\/.*)$/i.exec(text)?.[1];
  if (file !== undefined) return {url: `file://${file}`, address: `file${file}`, protocol: 'file'};
  const parts = repositoryUrl(text);
  if (parts === undefined || !HOST.test(parts.host)) return undefined;
  const protocol = KNOWN_PROTOCOLS.find((name) => name === parts.scheme);
  if (protocol === undefined || protocol === 'file') return undefined;
  const path = protocol === 'ssh' ? parts.path : parts.path.replace(/[?#].*$/s, '');
  if (/^\/?-|^\/?$/.test(path)) return undefined;
  const [name = ''] = (parts.user ?? '').split(':');
  const user = protocol === 'ssh' && NAME.test(name) && !name.startsWith('-') ? `${name}@` : '';
  const port = parts.port === undefined ? '' : `:${parts.port}`;
  // What has no slash begins where the user's home is, as only `host:path` can say.
  const url = path.startsWith('/')
    ? `${protocol}://${user}${parts.host}${port}${path}`
    : `${user}${parts.host}:${path}`;
  return {url, address: addressOf({...parts, path}), protocol};
}

/** True of a URL that {@link remoteUrl} would have written so. */
export function isFetchable(url: string): boolean {
  return remoteUrl(url)?.url === url;
}

/** What git says, without what is secret in the URLs that it names. */
export function withoutCredentials(words: string): string {
  return words
    .replace(/\b([a-z][\w+.-]*:\/\/)[^\s/'"]*@/gi, '$1')
    .replace(/\b([a-z][\w+.-]*:\/\/[^\s?'"]*)\?[^\s'"]*/gi, '$1');
}
