const DEFAULT_PORTS: Readonly<Record<string, string>> = {ssh: '22', https: '443', http: '80', git: '9418'};

/** Servers that do not tell repositories apart by the case of their letters. */
const ANY_CASE = new Set(['github.com', 'gitlab.com', 'bitbucket.org']);
/** Their other names, for where a firewall lets only some ports through. */
const ALSO: Readonly<Record<string, string>> = {
  'www.github.com': 'github.com',
  'ssh.github.com:443': 'github.com',
  'altssh.gitlab.com:443': 'gitlab.com',
  'altssh.bitbucket.org:443': 'bitbucket.org',
};

/** The parts of a URL of a repository that is not on this machine. */
export interface RepositoryUrl {
  /** In lower case; `ssh` of what is written as `host:path`. */
  readonly scheme: string;
  /** Whom it is for, with a password if there is one: what stands before the `@`. */
  readonly user?: string;
  readonly host: string;
  readonly port?: string;
  /** With the slash that it begins with, where it does. */
  readonly path: string;
}

/** Takes a URL of git's apart, as `https://host/path` or `host:path`; `undefined` of what is neither. */
export function repositoryUrl(url: string): RepositoryUrl | undefined {
  const [, scheme = 'ssh', user, host, port, path] =
    /^([a-z][\w+.-]*):\/\/(?:([^@/]*)@)?(\[[^\]]*\]|[^:/]+)(?::(\d+))?(\/.*)$/i.exec(url) ??
    /^()(?:([^@/]*)@)?(\[[^\]]*\]|[^:/]+):()(?!\/\/)(.*)$/.exec(url) ??
    [];
  if (host === undefined || path === undefined) return undefined;
  return {
    scheme: (scheme || 'ssh').toLowerCase(),
    ...(user !== undefined && {user}),
    host,
    ...(port && {port}),
    path,
  };
}

/** `host/path`: the same for one repository by whatever protocol, and for whomever. */
export function addressOf({scheme, host, port, path}: RepositoryUrl): string {
  const place = path
    .split('/')
    .filter((name) => name !== '')
    .join('/')
    .replace(/\.git$/i, '');
  const isUsual = port === undefined || port === DEFAULT_PORTS[scheme];
  const server = `${host.toLowerCase()}${isUsual ? '' : `:${port}`}`;
  const known = ALSO[server] ?? server;
  return `${known}/${ANY_CASE.has(known) ? place.toLowerCase() : place}`;
}
