import {describe, expect, it} from 'vitest';
import {isFetchable, remoteUrl, withoutCredentials} from '../../../src/pool/travel/remote-url.ts';
import {travelSchema} from '../../../src/pool/travel/travel.ts';

describe('the URL of a remote', () => {
  it.each([
    ['https://github.com/Octo/Shop.git', 'https://github.com/Octo/Shop.git', 'github.com/octo/shop'],
    ['https://github.com/octo/shop', 'https://github.com/octo/shop', 'github.com/octo/shop'],
    ['https://github.com:443/octo/shop/', 'https://github.com:443/octo/shop/', 'github.com/octo/shop'],
    ['git@github.com:octo/shop.git', 'git@github.com:octo/shop.git', 'github.com/octo/shop'],
    ['ssh://git@github.com/octo/shop.git', 'ssh://git@github.com/octo/shop.git', 'github.com/octo/shop'],
    [
      'ssh://git@git.example.org:2222/octo/Shop',
      'ssh://git@git.example.org:2222/octo/Shop',
      'git.example.org:2222/octo/Shop',
    ],
    [
      'git@git.example.org:/srv/Shop.git',
      'ssh://git@git.example.org/srv/Shop.git',
      'git.example.org/srv/Shop',
    ],
    ['git://git.example.org/shop.git', 'git://git.example.org/shop.git', 'git.example.org/shop'],
    ['ssh://git@[::1]:22/shop', 'ssh://git@[::1]:22/shop', '[::1]/shop'],
    [
      'https://git.example.org/caf%C3%A9/shop',
      'https://git.example.org/caf%C3%A9/shop',
      'git.example.org/caf%C3%A9/shop',
    ],
  ])('%s is known by host and path', (text, url, address) => {
    expect(remoteUrl(text)).toMatchObject({url, address});
    expect(isFetchable(url)).toBe(true);
  });

  it.each([
    ['https://ada:secret@github.com/octo/shop.git', 'https://github.com/octo/shop.git'],
    ['https://x-access-token@github.com/octo/shop.git', 'https://github.com/octo/shop.git'],
    ['http://ada@git.example.org/shop?private_token=secret#x', 'http://git.example.org/shop'],
    ['ssh://git:secret@git.example.org/shop', 'ssh://git@git.example.org/shop'],
    ['git:secret@git.example.org:shop', undefined],
    ['https://ada:p@ss@github.com/octo/shop', undefined],
  ])('%s goes on without what is secret', (text, url) => {
    expect(remoteUrl(text)?.url).toBe(url);
    expect(isFetchable(text)).toBe(false);
  });

  it.each([
    ['a program', 'ext::sh -c touch% /tmp/x'],
    ['a helper', 'fd::17'],
    ['an option for the host', 'ssh://-oProxyCommand=touch/x'],
    ['an option for the host, in short', '-oProxyCommand=touch:x'],
    ['an option for the path', 'git@git.example.org:-x'],
    ['an option for git', '--upload-pack=touch'],
    ['a path', '/srv/shop.git'],
    ['a path upwards', '../shop.git'],
    ['a drive', 'C:\\shop'],
    ['a line break', 'https://git.example.org/a\nb'],
    ['a space', 'https://git.example.org/a b'],
    ['a scheme that nobody knows', 'persistent-https://git.example.org/a'],
    ['nothing', ''],
  ])('is none that is fetched where it has %s', (_, text) => {
    expect(remoteUrl(text)).toBeUndefined();
    expect(isFetchable(text)).toBe(false);
  });

  it('is the same by all ways to one repository, and another for a fork', () => {
    const addresses = (...urls: readonly string[]) => new Set(urls.map((url) => remoteUrl(url)?.address));
    expect(
      addresses(
        ...['https://github.com/octo/shop', 'git@github.com:Octo/shop.git'],
        ...['ssh://git@ssh.github.com:443/octo/shop.git', 'https://t:x@www.github.com/octo/shop/'],
      ).size,
    ).toBe(1);
    expect(addresses('https://github.com/octo/shop', 'https://github.com/ada/shop').size).toBe(2);
  });

  it('has its secrets left out of what git says', () => {
    const words =
      "fatal: unable to access 'https://ada:s3cr@et@h.org/x?private_token=s3cret': 403 for ssh://u:s3cret@h/x";
    expect(withoutCredentials(words)).toBe("fatal: unable to access 'https://h.org/x': 403 for ssh://h/x");
  });
});

describe('what a job says of its code', () => {
  const commit = 'a'.repeat(40);
  const from = {url: 'https://git.example.org/shop', refs: ['refs/heads/main'], commits: [commit]};
  const job = {
    way: 'remote',
    repository: 'git.example.org/shop',
    format: 'sha1',
    head: commit,
    commit,
    prefix: '',
    from,
  };

  it('is taken as a client writes it', () => {
    expect(travelSchema.parse(job)).toEqual(job);
    expect(
      travelSchema.parse({
        ...job,
        prefix: 'packages/ä b',
        from: {...from, refs: ['refs/tags/v1.0', 'refs/heads/a/ö']},
      }),
    ).toBeTruthy();
  });

  it.each([
    ['a URL with a password', {from: {...from, url: 'https://a:b@git.example.org/shop'}}],
    ['a URL that is a program', {from: {...from, url: 'ext::sh'}}],
    ['a ref that looks like an option', {from: {...from, refs: ['--upload-pack=x']}}],
    ['a branch that looks like an option', {from: {...from, refs: ['refs/heads/-x']}}],
    ['a ref with a destination', {from: {...from, refs: ['refs/heads/a:refs/heads/b']}}],
    ['a pattern of refs', {from: {...from, refs: ['refs/heads/*']}}],
    ['a ref upwards', {from: {...from, refs: ['refs/heads/../../config']}}],
    ['a ref elsewhere', {from: {...from, refs: ['refs/pull/1/head']}}],
    ['a ref like a lock', {from: {...from, refs: ['refs/heads/a.lock/b']}}],
    ['a short commit', {commit: 'abc'}],
    ['a commit that looks like an option', {head: `--${'a'.repeat(38)}`}],
    ['a folder upwards', {prefix: 'a/../../b'}],
    ['a folder at the root', {prefix: '/etc'}],
    ['a folder of git', {prefix: 'a/.GIT/hooks'}],
    ['something that nobody knows', {hooks: 'x'}],
    ['no commit to fetch', {from: {...from, commits: []}}],
    ['another way', {way: 'shell'}],
    ['a repository that it does not fetch from', {repository: 'git.example.org/other'}],
  ])('is refused with %s', (_, change) => {
    expect(travelSchema.safeParse({...job, ...change}).success).toBe(false);
  });
});
