import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {originOf} from '../../src/store/projects/origin.ts';
import {ProjectStage} from '../support/project-stage.ts';

describe('the origin of a repository', () => {
  it.each([
    ['[remote "origin"]\n\turl = https://example.org/a/b.git', 'example.org/a/b'],
    ['[remote "origin"]\n\turl = git@Example.org:a/b', 'example.org/a/b'],
    ['[remote "origin"]\n\turl = ssh://git@example.org:2222/a/b.git', 'example.org:2222/a/b'],
    ['[remote "upstream"]\n\turl = git://example.org/a/b', undefined],
    ['[remote "origin"]\n\turl = git@github.com:Ada/Shop.git', 'github.com/ada/shop'],
    ['[remote "origin"]\n\turl = ssh://git@ssh.github.com:443/ada/shop', 'github.com/ada/shop'],
    ['[remote "origin"]\n\turl = https://example.org/Ada/Shop', 'example.org/Ada/Shop'],
    ['[REMOTE "origin"] url = "https://example.org/a b" ; as told\n', 'example.org/a b'],
    ['[remote "a"]\nurl=https://x/a\n[remote "origin"]\nurl=https://x/o\nurl=https://x/p', 'x/o'],
    ['[remote "a"]\nurl=https://x/a\n[remote "b"]\nurl=https://x/b', undefined],
    ['[branch "origin"]\n\turl = https://example.org/a/b', undefined],
    ['[remote "origin"]\n\turl = ../no/such/place', undefined],
    ['', undefined],
  ])('is read from %j', (config, address) => {
    const {path} = new ProjectStage().fresh('shop');
    writeFileSync(join(path, '.git', 'config'), config);
    expect(originOf(join(path, '.git'))).toEqual(address === undefined ? undefined : {address});
  });
});
