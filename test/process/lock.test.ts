import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {thisProcess} from '../../src/process/identity.ts';
import {readOwner, takeLock} from '../../src/process/lock.ts';

const LOCK_MODULE = fileURLToPath(new URL('../../src/process/lock.ts', import.meta.url));
/** What lets Node load TypeScript. */
const TSX = createRequire(import.meta.url).resolve('tsx');
/** Waits for the starting signal, tells whether it won, and lives until its input ends. */
const CONTENDER = `
import {once} from 'node:events';
const {takeLock} = await import(process.argv[1]);
console.log('ready');
await once(process.stdin, 'data');
const lock = await takeLock({path: process.argv[2], patienceMs: 10_000});
console.log(lock === undefined ? 'lost' : 'won');
process.stdin.resume();
`;
/** Above what Linux and macOS give out. */
const NOBODY = 2 ** 22 + 1;

describe('the lock', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-'));
    path = join(folder, 'key.lock');
  });

  afterEach(() => rmSync(folder, {recursive: true, force: true}));

  const refuses = async () => true;
  const answers = async () => false;

  const take = (asked = refuses) => takeLock({path, patienceMs: 10_000, refuses: asked});

  function plant(content: unknown, ageMs = 0): void {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    const at = (Date.now() - ageMs) / 1_000;
    utimesSync(path, at, at);
  }

  it('says whether another process had it before', async () => {
    const first = await take();
    expect(first?.isTakenOver).toBe(false);
    plant({...thisProcess(), pid: NOBODY, since: 1});
    expect((await take())?.isTakenOver).toBe(true);
  });

  it('expires, where it is said to, also under an owner that still runs', async () => {
    plant({...thisProcess(), since: 1}, 5_000);
    expect(await take()).toBeUndefined();
    expect(await takeLock({path, patienceMs: 10_000, expiresMs: 6_000})).toBeUndefined();
    expect((await takeLock({path, patienceMs: 10_000, expiresMs: 4_000}))?.isTakenOver).toBe(true);
  });

  it('belongs to the first, says so, and is free again after its release', async () => {
    const lock = await take();
    expect(lock?.isOurs()).toBe(true);
    expect(readOwner(path)).toMatchObject({...thisProcess(), since: expect.any(Number)});
    expect(await take()).toBeUndefined();
    lock?.release();
    lock?.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(await take()).toBeDefined();
  });

  it('of a dead process is taken over', async () => {
    plant({pid: NOBODY, startedAt: 1});
    expect((await take(answers))?.isOurs()).toBe(true);
    expect(readdirSync(folder)).toEqual(['key.lock']);
  });

  it.runIf(process.platform === 'linux').each([
    ['an earlier boot of this machine', {boot: 'another'}],
    ['a process whose number another one has now', {started: 1}],
  ])('of %s is taken over at once', async (_, differs) => {
    plant({...thisProcess(), ...differs, since: 1});
    expect((await take(answers))?.isOurs()).toBe(true);
  });

  it.runIf(process.platform === 'linux')('of a living process is never taken over', async () => {
    plant({...thisProcess(), since: 1}, 3_600_000);
    expect(await take()).toBeUndefined();
  });

  it.each([
    ['a living process that has just taken it', {pid: process.pid, startedAt: 1}, 0, refuses],
    ['a living process that answers', {pid: process.pid, startedAt: 1}, 11_000, answers],
    ['nobody knows whom, and young', 'half a rec', 0, refuses],
  ])('of %s is left alone', async (_, content, ageMs, answer) => {
    plant(content, ageMs);
    expect(await take(answer)).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe(typeof content === 'string' ? content : JSON.stringify(content));
  });

  it.each([
    ['a process that got the number of a dead host', {pid: process.pid, startedAt: 1}],
    ['a process in another container', {...thisProcess(), space: 'another'}],
    ['a process on another machine', {...thisProcess(), boot: 'another', hostname: 'another'}],
    ['nobody knows whom', 'half a rec'],
  ])('of %s is taken over when it is old and nobody answers', async (_, content) => {
    plant(content, 11_000);
    expect((await take())?.isOurs()).toBe(true);
  });

  it('is not taken over when it has changed hands meanwhile', async () => {
    plant({pid: process.pid, startedAt: 1}, 11_000);
    const next = {pid: process.pid, startedAt: 2};
    const changes = async () => {
      plant(next);
      return true;
    };
    expect(await take(changes)).toBeUndefined();
    expect(readOwner(path)).toMatchObject({pid: process.pid, since: 2});
  });

  it('that somebody else has taken over is not released', async () => {
    const lock = await take();
    plant({pid: NOBODY, startedAt: 2});
    expect(lock?.isOurs()).toBe(false);
    lock?.release();
    expect(existsSync(path)).toBe(true);
  });

  it('is free at the second try when a process has died while it took it over', async () => {
    plant({pid: NOBODY, startedAt: 1});
    const section = `${path}.takeover`;
    mkdirSync(section);
    expect(await take()).toBeUndefined();
    expect(existsSync(section)).toBe(true);
    const old = Date.now() / 1_000 - 3;
    utimesSync(section, old, old);
    expect(await take()).toBeUndefined();
    expect(await take()).toBeDefined();
  });

  it('that is stale goes to exactly one of twenty processes', async () => {
    plant({pid: NOBODY, startedAt: 1});
    const contenders = Array.from({length: 20}, () =>
      spawn(process.execPath, ['--import', TSX, '--input-type=module', '-e', CONTENDER, LOCK_MODULE, path], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    try {
      await Promise.all(contenders.map((contender) => said(contender, 'ready')));
      const results = contenders.map((contender) => said(contender, /won|lost/));
      for (const {stdin} of contenders) stdin.write('go');
      const words = await Promise.all(results);
      expect(words.filter((word) => word === 'won')).toHaveLength(1);
      expect(readOwner(path)?.pid).toBe(contenders[words.indexOf('won')]?.pid);
      expect(readdirSync(folder)).toEqual(['key.lock']);
    } finally {
      const exits = contenders.map((contender) => once(contender, 'exit'));
      for (const {stdin} of contenders) stdin.end();
      await Promise.all(exits);
    }
  });
});

/** Resolves with what fits as soon as the process has said it. */
function said({stdout}: ChildProcess, what: string | RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
      const [found] = new RegExp(what).exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
}
