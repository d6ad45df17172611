import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import type {Trust} from '../../src/delegation/model/trust.ts';
import {topOf} from '../../src/git/top.ts';
import {RepositoryTrust} from '../../src/opencode/trust/repository-trust.ts';
import {FakeTrust} from '../support/fakes.ts';

/** Trust under test. */
interface Made {
  readonly trust: Trust;
  readonly directory: string;
  /** Has the directory bring code, another one for each content. */
  readonly bring: (content: string) => void;
}

function repositories(): Made {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-port-')));
  onTestFinished(() => rmSync(root, {recursive: true, force: true}));
  const directory = join(root, 'repository');
  const plugins = join(directory, '.opencode', 'plugin');
  mkdirSync(plugins, {recursive: true});
  return {
    trust: new RepositoryTrust({env: {HOME: join(root, 'home')}, topOf, dataDir: root}),
    directory,
    bring: (content) => writeFileSync(join(plugins, 'own.js'), content),
  };
}

function fake(): Made {
  const trust = new FakeTrust();
  const directory = '/repository';
  return {
    trust,
    directory,
    bring: (digest) => void trust.brought.set(directory, {root: directory, digest, names: ['own.js']}),
  };
}

/** What the domain relies on, whoever looks what repositories bring. */
describe.each([
  ['in repositories', repositories],
  ['in memory', fake],
])('trust %s', (_, make) => {
  let made: Made;

  beforeEach(() => {
    made = make();
  });

  const code = () => made.trust.codeIn({directory: made.directory, access: 'agent'});

  it('finds nothing where nothing is brought', async () => {
    expect(await code()).toBeUndefined();
  });

  it('finds what is brought, and allows it to nobody by itself', async () => {
    made.bring('1');
    const brought = await code();
    expect(brought?.names.join()).toContain('own.js');
    expect(brought && (await made.trust.allows(brought))).toBe(false);
  });

  it('finds nothing for those who only read', async () => {
    made.bring('1');
    expect(await made.trust.codeIn({directory: made.directory, access: 'read-only'})).toBeUndefined();
  });

  it('allows what somebody has allowed, and no longer when it is another', async () => {
    made.bring('1');
    const brought = await code();
    if (brought === undefined) throw new Error('nothing is brought');
    await made.trust.allow(brought);
    expect(await made.trust.allows(brought)).toBe(true);
    made.bring('2');
    const changed = await code();
    expect(changed?.digest).not.toBe(brought.digest);
    expect(changed && (await made.trust.allows(changed))).toBe(false);
  });
});
