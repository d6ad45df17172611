import {execFileSync} from 'node:child_process';
import {mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {isAllowed} from '../../src/git/allowed.ts';
import {Settings} from '../../src/git/settings.ts';
import {gitEnvironment} from '../support/repository.ts';

let base: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-settings-')));
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

function settingsOf(...local: readonly (readonly [name: string, value: string])[]): Settings {
  return new Settings(local.map(([name, value]) => `local\0${name}\n${value}\0`).join(''), '/shop/.git');
}

/** What git makes of a configuration, byte by byte. */
function readByGit(config: string): string {
  const file = join(base, 'config');
  writeFileSync(file, config, 'latin1');
  const args = ['config', '--file', file, '--list', '-z'];
  return execFileSync('git', args, {env: gitEnvironment(base), encoding: 'latin1'});
}

describe('what a repository sets', () => {
  it.each([
    ...[
      'core.fsmonitor',
      'core.hookspath',
      'core.sshcommand',
      'core.gitproxy',
      'core.askpass',
      'core.editor',
    ],
    ...['core.pager', 'core.alternaterefscommand', 'core.worktree', 'sequence.editor', 'pager.status'],
    ...['filter.x.clean', 'filter.x.smudge', 'filter.x.process', 'filter.x.required', 'filter.lfs.clean'],
    ...['diff.external', 'diff.x.command', 'diff.x.textconv', 'merge.x.driver', 'mergetool.x.cmd'],
    ...['difftool.x.cmd', 'alias.status', 'gpg.program', 'gpg.ssh.program', 'gpg.ssh.defaultkeycommand'],
    ...['hook.x.command', 'hook.x.event', 'credential.helper', 'credential.https://x.helper'],
    ...[
      'uploadpack.packobjectshook',
      'receive.procreceiverefs',
      'remote.x.uploadpack',
      'remote.x.receivepack',
    ],
    ...['remote.x.vcs', 'remote.x.proxy', 'protocol.ext.allow', 'include.path', 'includeif.onbranch:x.path'],
    ...['trace2.eventtarget', 'init.templatedir', 'extensions.worktreeconfig', 'submodule.x.update'],
    ...['safe.directory', 'browser.x.cmd', 'man.x.cmd', 'web.browser', 'trailer.x.cmd', 'trailer.x.command'],
    ...['lfs.standalonetransferagent', 'lfs.customtransfer.x.path', 'lfs.extension.x.clean', 'lfs.x.smudge'],
    ...['imap.tunnel', 'sendemail.smtpserver', 'gui.x', 'http.x.cookiefile', 'http.savecookies', 'x', ''],
  ])('does not hold where it is %s', (name) => {
    expect(isAllowed(name, 'true')).toBe(false);
    expect(settingsOf([name, '/a/program']).standIn).not.toContain('program');
  });

  it('holds byte by byte where it names no program', () => {
    const settings = [
      ['core.autocrlf', 'true'],
      ['user.name', 'A "quoted\\\\ [filter "x"]\n\tclean = touch\n#;\t name\r '],
      ['remote.a "b\\] c\xff.d.url', '\xfe\xff'],
    ] as const;
    const all = [...settings, ['lfs.storage', '/shop/.git/lfs']];
    expect(readByGit(settingsOf(...settings).standIn)).toBe(
      all.map(([name, value]) => `${name}\n${value}\0`).join(''),
    );
  });

  it('is the last one of its name, and all of them in their order', () => {
    const settings = [['url.a.insteadof', 'b'] as const, ['url.a.insteadof', 'c'] as const];
    expect(readByGit(settingsOf(...settings).standIn)).toContain('url.a.insteadof\nb\0url.a.insteadof\nc\0');
  });

  it('leaves what LFS has stored where it is', () => {
    expect(readByGit(settingsOf(['lfs.storage', '../large']).standIn)).toBe('lfs.storage\n/shop/large\0');
    const global = new Settings('global\0lfs.storage\n/mnt/large\0', '/shop/.git');
    expect(readByGit(global.standIn)).toBe('lfs.storage\n/mnt/large\0');
  });
});
