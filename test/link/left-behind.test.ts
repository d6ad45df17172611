import {mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {createLogger} from '../../src/base/log.ts';
import {Listener} from '../../src/host/listener.ts';
import {claimHost} from '../../src/link/claim.ts';
import {removeLeftBehind} from '../../src/link/left-behind.ts';
import {temporaryOf} from '../../src/process/temporary.ts';

/** Above what Linux and macOS give out. */
const NOBODY = 2 ** 22 + 1;
const NAME = 'a.lock';

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'left-'));
  folder = join(root, '.host');
  mkdirSync(folder, {mode: 0o700});
});

afterEach(() => rmSync(root, {recursive: true, force: true}));

const own = () => temporaryOf(NAME);
const ofNobody = () => own().replace(`-${process.pid}-`, `-${NOBODY}-`);

function put(name: string, ageMs = 0): string {
  writeFileSync(join(folder, name), '');
  const at = (Date.now() - ageMs) / 1_000;
  utimesSync(join(folder, name), at, at);
  return name;
}

const claim = () => claimHost({env: {HOME: root, OPENCODE_DELEGATE_DATA_DIR: root}, version: '1'});

it('what a host has left that was killed is removed, and nothing that one still writes', () => {
  const kept = [put(own()), put(`${process.pid}.tmp`, 60_000), put(`${NOBODY + 1}.tmp`), put('a.lock')];
  put(ofNobody());
  put(`${NOBODY}.tmp`, 60_000);
  removeLeftBehind({folder, socketFolder: folder});
  expect(readdirSync(folder).sort()).toEqual(kept.sort());
});

it('a folder that is not there has nothing in it', () => {
  expect(() => removeLeftBehind({folder: join(root, 'none'), socketFolder: folder})).not.toThrow();
});

it('a host removes it when it begins, and what has come to be since when it ends', async () => {
  put(ofNobody());
  const claimed = await claim();
  if (claimed === undefined) throw new Error('there is another host');
  expect(readdirSync(folder)).toHaveLength(1);
  const listener = await Listener.open({
    ...claimed,
    version: '1',
    log: createLogger({level: 'silent', write: () => {}}),
    admit: () => ({refusal: {message: '', exitCode: 1}}),
    admitControl: () => ({refusal: {message: '', exitCode: 1}}),
    status: () => ({delegations: 0, elsewhere: 0, dataDir: root, environments: []}),
  });
  put(ofNobody());
  listener.close();
  expect(readdirSync(folder)).toEqual([]);
});
