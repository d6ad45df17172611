import {chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Offer} from '../../src/opencode/catalog/offer.ts';
import {OfferMemory} from '../../src/opencode/catalog/offer-memory.ts';
import {temporaryOf} from '../../src/process/temporary.ts';
import {FakeLog} from '../support/fakes.ts';

const OFFER: Offer = {
  agents: [{name: 'build', mode: 'primary'}],
  unpriced: [],
  models: ['scripted/model'],
  defaultModel: 'scripted/model',
};
/** Later than every file of a test. */
const LATER = Date.now() + 3_600_000;

let root: string;
let project: string;
let env: Record<string, string>;
let binary: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'offer-memory-'));
  project = join(root, 'my project', 'inner');
  binary = join(root, 'opencode');
  env = {HOME: join(root, 'home'), PATH: '/usr/bin'};
  for (const folder of [project, join(root, 'home')]) mkdirSync(folder, {recursive: true});
  put('opencode', '#!/bin/sh\n');
  chmodSync(binary, 0o755);
  put('home/.config/opencode/opencode.json', '{}');
  put('home/.config/opencode/agents/writer.md', 'Write.');
});

afterEach(() => rmSync(root, {recursive: true, force: true}));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), {recursive: true});
  writeFileSync(join(root, path), text);
}

const memory = (given: {key?: string; env?: Record<string, string>} = {}) =>
  new OfferMemory({
    folder: join(root, 'data', '.offers'),
    key: 'k',
    binary,
    env,
    log: new FakeLog(),
    ...given,
  });

describe('what OpenCode has offered', () => {
  it('is known to a later process where nothing has changed, and nowhere else', async () => {
    await memory().remember(project, OFFER, LATER);
    expect(await memory().recall(project)).toEqual(OFFER);
    expect(await memory().recall(dirname(project))).toBeUndefined();
    expect(await memory({key: 'another environment'}).recall(project)).toBeUndefined();
  });

  it.each([
    ['the user’s configuration', 'home/.config/opencode/opencode.json'],
    ['an agent of the user’s', 'home/.config/opencode/agents/writer.md'],
    ['an agent that is new', 'home/.config/opencode/agent/deep/er.md'],
    ['a plugin', 'home/.opencode/plugin/p.ts'],
    ['a login', 'home/.local/share/opencode/auth.json'],
    ['the project’s configuration', 'my project/inner/opencode.jsonc'],
    ['that of a folder around the project', 'my project/opencode.json'],
    ['an agent of the project’s', 'my project/.opencode/agent/a.md'],
    ['OpenCode itself', 'opencode'],
  ])('is not known any more when %s has changed', async (_, path) => {
    await memory().remember(project, OFFER, LATER);
    put(path, 'something else, and longer');
    expect(await memory().recall(project)).toBeUndefined();
  });

  it('is not known any more when the configuration that a variable names has changed', async () => {
    put('named.json', '{}');
    const named = {env: {...env, OPENCODE_CONFIG: join(root, 'named.json')}};
    await memory(named).remember(project, OFFER, LATER);
    expect(await memory(named).recall(project)).toEqual(OFFER);
    put('named.json', '{"model": "scripted/other"}');
    expect(await memory(named).recall(project)).toBeUndefined();
  });

  it('is not kept where something has changed since the server read it', async () => {
    const startedAt = Date.now() - 60_000;
    await memory().remember(project, OFFER, startedAt);
    expect(await memory().recall(project)).toBeUndefined();
  });

  it('is not known while there is no OpenCode, nor when what is there makes no sense', async () => {
    await memory().remember(project, OFFER, LATER);
    const folder = join(root, 'data', '.offers');
    const [name = ''] = readdirSync(folder);
    writeFileSync(join(folder, name), '{"agents": 1');
    expect(await memory().recall(project)).toBeUndefined();
    rmSync(binary);
    expect(await memory().recall(project)).toBeUndefined();
  });

  it('is let go of when it is among the oldest of many', async () => {
    const folder = join(root, 'data', '.offers');
    mkdirSync(folder, {recursive: true});
    for (let n = 0; n < 120; n++) {
      const file = join(folder, `${n}.json`);
      writeFileSync(file, '{}');
      utimesSync(file, n, n);
    }
    await memory().remember(project, OFFER, LATER);
    expect(readdirSync(folder)).toHaveLength(100);
    expect(await memory().recall(project)).toEqual(OFFER);
  });

  it('leaves nothing of a process that was killed while it wrote, and nothing of another is touched', async () => {
    const folder = join(root, 'data', '.offers');
    mkdirSync(folder, {recursive: true});
    const written = join(folder, 'a.json');
    const [left, underWay] = [`${written}.0123456789ab.tmp`, temporaryOf(written)];
    for (const path of [written, left, underWay]) writeFileSync(path, '{}');
    utimesSync(left, 1, 1);
    await memory().tidy();
    expect(readdirSync(folder).sort()).toEqual([written, underWay].map((path) => basename(path)).sort());
  });
});
