/**
 * The settings of a repository that hold for our git: how it stores files, who commits, and where LFS gets its own
 * from. None is a program, or decides which one is run. What is not here does not hold, whatever git makes of it.
 * `*` is a name that the repository gives.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [
    ...['repositoryformatversion', 'filemode', 'symlinks', 'ignorecase', 'precomposeunicode', 'longpaths'],
    ...['autocrlf', 'eol', 'checkroundtripencoding', 'excludesfile', 'attributesfile', 'hidedotfiles'],
    ...['sparsecheckout', 'sparsecheckoutcone', 'trustctime', 'checkstat', 'usereplacerefs'],
    ...['logallrefupdates', 'sharedrepository', 'bigfilethreshold', 'compression', 'loosecompression'],
  ],
  index: ['sparse'],
  i18n: ['commitencoding'],
  user: ['name', 'email', 'useconfigonly'],
  author: ['name', 'email'],
  committer: ['name', 'email'],
  remote: ['pushdefault', 'lfsdefault', 'lfspushdefault'],
  'remote.*': ['url', 'pushurl', 'lfsurl', 'lfspushurl', 'promisor', 'partialclonefilter'],
  'url.*': ['insteadof', 'pushinsteadof'],
  credential: ['username', 'usehttppath'],
  'credential.*': ['username', 'usehttppath'],
  http: ['proxy', 'sslverify', 'sslcainfo', 'sslcapath', 'sslcert', 'sslkey', 'extraheader'],
  'http.*': ['proxy', 'sslverify', 'sslcainfo', 'sslcapath', 'sslcert', 'sslkey', 'extraheader'],
  lfs: [
    ...[
      'repositoryformatversion',
      'url',
      'pushurl',
      'gitprotocol',
      'basictransfersonly',
      'concurrenttransfers',
      'tustransfers',
    ],
    ...['fetchinclude', 'fetchexclude', 'skipdownloaderrors', 'contenttype', 'cachecredentials'],
    ...['activitytimeout', 'dialtimeout', 'tlstimeout', 'keepalive'],
  ],
  'lfs.*': ['access', 'contenttype', 'locksverify'],
};

/** As `git lfs install --local` defines the filter of LFS, with and without downloads. */
const LFS: Readonly<Record<string, readonly string[]>> = {
  'filter.lfs.clean': ['git-lfs clean -- %f'],
  'filter.lfs.smudge': ['git-lfs smudge -- %f', 'git-lfs smudge --skip -- %f'],
  'filter.lfs.process': ['git-lfs filter-process', 'git-lfs filter-process --skip'],
  'filter.lfs.required': ['true'],
};

/** A setting's name in its parts. Git writes the first and the last in lower case. */
export interface SettingName {
  readonly section: string;
  readonly subsection?: string;
  readonly key: string;
}

/** @throws never: what is no name has empty parts. */
export function partsOf(name: string): SettingName {
  const [, section = '', subsection, key = ''] = /^([^.]*)(?:\.(.*))?\.([^.]*)$/s.exec(name) ?? [];
  return {section, key, ...(subsection !== undefined && {subsection})};
}

/** Whether a setting of a repository's own configuration holds for our git. */
export function isAllowed(name: string, value: string): boolean {
  if (isLfs(name, value)) return true;
  const {section, subsection, key} = partsOf(name);
  // How the repository is stored: git refuses one that it does not understand. A file that it names is no part of that.
  if (section === 'extensions') return subsection === undefined && key !== 'worktreeconfig';
  return ALLOWED[subsection === undefined ? section : `${section}.*`]?.includes(key) ?? false;
}

/** Whether it is the filter of LFS as LFS defines it. */
export function isLfs(name: string, value: string): boolean {
  return LFS[name]?.includes(value) ?? false;
}
