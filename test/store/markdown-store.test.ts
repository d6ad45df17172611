import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {hostname, tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {execaSync} from 'execa';
import {afterEach, beforeEach, describe, expect, it, test, vi} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {thisProcess} from '../../src/process/identity.ts';
import {temporaryOf} from '../../src/process/temporary.ts';
import {Words} from '../../src/store/files/words.ts';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {renderRecord} from '../../src/store/record/record.ts';
import {aDelegation, anEnd, DEAD_PID, FakeLog, HERE} from '../support/fakes.ts';

const IDS = ['swift-amber-otter', 'calm-blue-heron', 'brave-red-fox', 'tiny-green-newt'] as const;

let base: string;
let root: string;
let log: FakeLog;
let store: MarkdownStore;
/** Another process's view of the same folder. */
let other: MarkdownStore;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'opencode-delegate-store-'));
  root = join(base, 'my data', 'delegations');
  log = new FakeLog();
  store = new MarkdownStore({root, log});
  other = new MarkdownStore({root, log: new FakeLog()});
});

afterEach(() => {
  rmSync(base, {recursive: true, force: true});
});

describe('word that a delegation is to be cancelled', () => {
  it('is seen by every process until one of them has taken it', async () => {
    expect(await store.cancels()).toEqual([]);
    await store.askToCancel({project: 'project', id: IDS[0]});
    await store.askToCancel({project: 'project', id: IDS[0]});
    expect(await other.cancels()).toEqual([{project: 'project', id: IDS[0]}]);
    await other.dropCancel({project: 'project', id: IDS[0]});
    await store.dropCancel({project: 'project', id: IDS[0]});
    expect(await store.cancels()).toEqual([]);
  });

  it('that nobody has taken for days is removed', async () => {
    for (const id of [IDS[0], IDS[1]]) await store.askToCancel({project: 'project', id});
    const old = new Date(Date.now() - 3 * 24 * 60 * 60_000);
    utimesSync(join(root, '.cancel', `${IDS[0]}@project`), old, old);
    await store.tidy();
    expect(await store.cancels()).toEqual([{project: 'project', id: IDS[1]}]);
  });
});

it('word that a result was read is seen by every process until one of them has taken it', async () => {
  const named = {project: 'project', id: IDS[0]};
  await new Words(root, 'read').add(named);
  expect(await other.reads()).toEqual([named]);
  expect(await store.cancels()).toEqual([]);
  await other.dropRead(named);
  expect(await store.reads()).toEqual([]);
});

describe('a folder that cannot be used as it is', () => {
  it('fails the list that found it so, and no later one', async () => {
    await store.create(nth(0));
    await store.list('project');
    rmSync(folder(), {recursive: true});
    writeFileSync(folder(), 'a file in the place of the folder');
    await expect(store.list('project')).rejects.toThrow('ENOTDIR');
    rmSync(folder());
    await store.create(nth(1));
    expect(await idsOf(store)).toEqual([IDS[1]]);
  });

  it.runIf(process.platform !== 'win32')('with a pipe named like a record is listed without it', async () => {
    await store.create(nth(0));
    execaSync('mkfifo', [join(folder(), `${IDS[1]}.md`)]);
    expect(await idsOf(new MarkdownStore({root, log}))).toEqual([IDS[0]]);
    expect(await store.read('project', IDS[1])).toBeUndefined();
    expect(await store.text('project', IDS[1])).toBeUndefined();
    expect(await store.size('project', IDS[1])).toBeUndefined();
  });
});

const folder = () => join(root, 'project');
const modeOf = (path: string) => statSync(path).mode & 0o777;
/** The n-th of several delegations: each is newer than the one before. */
const nth = (n: number, given: Partial<Delegation> = {}) =>
  aDelegation({id: IDS[n] ?? 'no-such-id', createdAt: Date.UTC(2026, 0, 1 + n), ...given});

async function idsOf(from: MarkdownStore): Promise<readonly string[]> {
  return (await from.list('project')).heads.map(({id}) => id);
}

/** Writes into the folder what no store wrote. */
function plant(name: string, content: string): void {
  mkdirSync(folder(), {recursive: true});
  writeFileSync(join(folder(), name), content);
}

function plantMany(count: number): void {
  for (let n = 0; n < count; n++) {
    const id = `a-${String.fromCharCode(97 + (n % 26), 97 + Math.floor(n / 26))}-x`;
    plant(`${id}.md`, renderRecord(aDelegation({id})));
  }
}

describe('creating a record', () => {
  it('makes it readable as it was', async () => {
    const delegation = nth(0, {prompt: 'ü\r\n---\n', text: ''});
    expect(await store.create(delegation)).toBe(true);
    expect(await other.read('project', delegation.id)).toStrictEqual(delegation);
  });

  it('is refused, and changes nothing, where the id is taken', async () => {
    await store.create(nth(0, {title: 'the first'}));
    expect(await other.create(nth(0, {title: 'the second'}))).toBe(false);
    expect(await store.read('project', IDS[0])).toMatchObject({title: 'the first'});
  });

  it('lets one of two win that race for the same id', async () => {
    for (let round = 0; round < 20; round++) {
      const project = `race ${round}`;
      const rivals = [store, other].map((rival, n) => rival.create(nth(0, {project, title: `rival ${n}`})));
      const won = await Promise.all(rivals);
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store.read(project, IDS[0])).toMatchObject({title: `rival ${won.indexOf(true)}`});
    }
  });

  it('keeps the same id of two projects apart', async () => {
    await store.create(nth(0, {project: 'one'}));
    expect(await store.create(nth(0, {project: 'two'}))).toBe(true);
    expect((await store.list('one')).heads).toHaveLength(1);
  });

  test.skipIf(process.getuid?.() === 0)('fails where nothing may be written', async () => {
    mkdirSync(folder(), {recursive: true});
    chmodSync(folder(), 0o500);
    await expect(store.create(nth(0))).rejects.toThrow();
    chmodSync(folder(), 0o700);
    expect(readdirSync(folder())).toEqual([]);
  });

  it('fails where the folder cannot be made', async () => {
    mkdirSync(dirname(root), {recursive: true});
    writeFileSync(root, 'a file stands where the folder belongs');
    await expect(store.create(nth(0))).rejects.toThrow();
  });
});

describe('what is written', () => {
  it('can be read by its owner alone', async () => {
    await store.create(nth(0));
    expect(modeOf(folder())).toBe(0o700);
    expect(modeOf(store.artifact('project', IDS[0]))).toBe(0o600);
  });

  it('stays private when it is written again', async () => {
    await store.create(nth(0));
    chmodSync(store.artifact('project', IDS[0]), 0o644);
    await store.write(nth(0, {title: 'again'}));
    expect(modeOf(store.artifact('project', IDS[0]))).toBe(0o600);
  });

  it('leaves no other file behind', async () => {
    await store.create(nth(0));
    await Promise.all([1, 2, 3].map((n) => store.write(nth(0, {title: `${n}`}))));
    expect(readdirSync(folder())).toEqual([`${IDS[0]}.md`]);
  });

  it('by several at once is one of the versions, whole', async () => {
    await store.create(nth(0));
    const versions = Array.from({length: 20}, (_, n) =>
      nth(0, {title: `version ${n}`, state: anEnd(), text: `${n}\n`.repeat(5_000)}),
    );
    await Promise.all(versions.map((version, n) => (n % 2 === 0 ? store : other).write(version)));
    const stored = await store.read('project', IDS[0]);
    expect(versions).toContainEqual(stored);
    expect((await store.list('project')).heads).toMatchObject([{title: stored?.title}]);
  });

  it('is never seen in halves while it is written', async () => {
    await store.create(nth(0, {text: 'x'}));
    let isWriting = true;
    const writing = (async () => {
      for (let n = 0; n < 30; n++) await store.write(nth(0, {state: anEnd(), text: 'y'.repeat(n * 10_000)}));
      isWriting = false;
    })();
    while (isWriting) {
      const seen = await other.read('project', IDS[0]);
      expect(seen?.text).toMatch(/^(x|y*)$/);
      expect(await idsOf(other)).toEqual([IDS[0]]);
      // Where neither has to wait for the disk, the writer would never have its turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
  });
});

describe('a list', () => {
  it('is empty where nothing was ever stored', async () => {
    expect((await store.list('project')).heads).toEqual([]);
    expect(existsSync(root)).toBe(false);
  });

  it('has the newest first, whatever the order of writing', async () => {
    for (const n of [2, 0, 3, 1]) await store.create(nth(n));
    expect(await idsOf(store)).toEqual([IDS[3], IDS[2], IDS[1], IDS[0]]);
  });

  it('orders by id what was made at the same time', async () => {
    for (const n of [2, 0, 3, 1]) await store.create(nth(n, {createdAt: 1_000}));
    expect(await idsOf(store)).toEqual([...IDS].sort());
  });

  it('has no long texts', async () => {
    await store.create(nth(0, {prompt: 'long', text: 'longer'}));
    const [head] = (await store.list('project')).heads;
    expect(head).not.toHaveProperty('prompt');
    expect(head).not.toHaveProperty('text');
  });

  it('sees what another process creates, changes and deletes', async () => {
    await store.create(nth(0));
    expect(await idsOf(other)).toEqual([IDS[0]]);
    await store.create(nth(1));
    expect(await idsOf(other)).toEqual([IDS[1], IDS[0]]);
    await store.write(nth(0, {title: 'changed'}));
    expect((await other.list('project')).heads).toMatchObject([{id: IDS[1]}, {id: IDS[0], title: 'changed'}]);
    rmSync(store.artifact('project', IDS[1]));
    expect(await idsOf(other)).toEqual([IDS[0]]);
  });

  it('sees every one of many changes that follow each other at once', async () => {
    await store.create(nth(0));
    for (let n = 100; n < 200; n++) {
      await store.write(nth(0, {title: `twice ${n}`}));
      await store.write(nth(0, {title: `title ${n}`}));
      expect((await other.list('project')).heads).toMatchObject([{title: `title ${n}`}]);
    }
  });

  it('sees a second change that bears the same time stamp as the first', async () => {
    // However slow the machine is, that is as young as a stamp can be.
    const stamp = new Date(Date.now() + 60_000);
    const change = (title: string) => {
      plant(`${IDS[0]}.md`, renderRecord(nth(0, {title})));
      utimesSync(join(folder(), `${IDS[0]}.md`), stamp, stamp);
      utimesSync(folder(), stamp, stamp);
    };
    change('title 1');
    expect((await store.list('project')).heads).toMatchObject([{title: 'title 1'}]);
    change('title 2');
    expect((await store.list('project')).heads).toMatchObject([{title: 'title 2'}]);
  });

  it('forgets everything when the folder is deleted', async () => {
    await store.create(nth(0));
    expect(await idsOf(store)).toEqual([IDS[0]]);
    rmSync(folder(), {recursive: true});
    expect(await idsOf(store)).toEqual([]);
    await store.create(nth(1));
    expect(await idsOf(store)).toEqual([IDS[1]]);
  });

  it('is right at the end of many that ran while others wrote', async () => {
    await Promise.all(IDS.map((_, n) => store.create(nth(n))));
    const rounds = Array.from({length: 15}, (_, round) => round);
    await Promise.all([
      ...IDS.map(async (_, n) => {
        for (const round of rounds) {
          await (round % 2 === 0 ? store : other).write(nth(n, {title: `round ${round}`}));
        }
      }),
      ...rounds.map(async () => {
        for (const reader of [store, other, store]) {
          const {heads} = await reader.list('project');
          expect(heads.map(({id}) => id)).toEqual([IDS[3], IDS[2], IDS[1], IDS[0]]);
        }
      }),
    ]);
    for (const reader of [store, other]) {
      const titles = (await reader.list('project')).heads.map(({title}) => title);
      expect(titles).toEqual(['round 14', 'round 14', 'round 14', 'round 14']);
    }
  });

  it('of a writer has, as soon as a write is done, what was written', async () => {
    await store.create(nth(0));
    for (let n = 0; n < 20; n++) {
      const early = store.list('project');
      await store.write(nth(0, {title: `title ${n}`}));
      expect((await store.list('project')).heads).toMatchObject([{title: `title ${n}`}]);
      await early;
    }
  });

  it('of more files than are read at once has them all', async () => {
    plantMany(260);
    const lists = await Promise.all([store.list('project'), store.list('project')]);
    for (const {heads} of lists) expect(new Set(heads.map(({id}) => id)).size).toBe(260);
  });
});

describe('a look at what is known of a project', () => {
  it('is as a list where there are few records', async () => {
    plant(`${IDS[0]}.md`, renderRecord(nth(0)));
    expect((await store.peek('project'))?.heads).toMatchObject([{id: IDS[0]}]);
    expect((await store.peek('another project'))?.heads).toEqual([]);
  });

  it('does not wait for many that nobody has looked at yet, and has them as soon as somebody has', async () => {
    plantMany(260);
    expect(await store.peek('project')).toBeUndefined();
    expect((await store.list('project')).heads).toHaveLength(260);
    await store.create(nth(0));
    expect((await store.peek('project'))?.heads).toHaveLength(261);
  });
});

describe('a first look that fails', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is begun again by the next one who peeks', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
    plantMany(260);
    const [folder, aside] = [join(root, 'project'), join(root, 'aside')];
    expect(await store.peek('project')).toBeUndefined();
    renameSync(folder, aside);
    writeFileSync(folder, '');
    await vi.advanceTimersByTimeAsync(50);
    // What is asked after the failed look has waited for its end.
    await expect(store.list('project')).rejects.toThrow('ENOTDIR');
    rmSync(folder);
    renameSync(aside, folder);
    expect(await store.peek('project')).toBeUndefined();
    expect(vi.getTimerCount()).toBe(1);
  });
});

describe('a project that nobody has asked for lately', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is let go of, and read again for the one who asks next', async () => {
    vi.useFakeTimers({toFake: ['Date'], now: Date.now() + 60_000});
    await store.create(nth(0));
    // It is said once for as long as it is known.
    plant(`${IDS[1]}.md`, 'hello');
    for (const _ of [1, 2]) expect(await idsOf(store)).toEqual([IDS[0]]);
    expect(log.lines).toHaveLength(1);
    vi.setSystemTime(Date.now() + 60 * 60_000);
    await store.list('another project');
    expect(await idsOf(store)).toEqual([IDS[0]]);
    expect(log.lines).toHaveLength(2);
  });
});

it('records of two processes with one number keep their owners apart', async () => {
  for (const [n, boot] of ['one', 'two'].entries()) {
    plant(`${IDS[n]}.md`, renderRecord({...nth(n), owner: {...HERE, boot}}));
  }
  const {heads} = await store.list('project');
  expect(heads.map(({owner}) => owner.boot).sort()).toEqual(['one', 'two']);
});

describe('what is left of a process that was killed', () => {
  const AGES_AGO = new Date(Date.UTC(2026, 0));
  const names = () => readdirSync(folder()).sort();
  function leave(name: string, content: string, at: Date): void {
    plant(name, content);
    utimesSync(join(folder(), name), at, at);
  }

  it('in the midst of a write is removed: at once where its writer is gone, else when that is long ago', async () => {
    await store.create(nth(0));
    const own = temporaryOf(`${IDS[1]}.md`);
    const dead = own.replace(`-${process.pid}-`, `-${DEAD_PID}-`);
    const elsewhere = dead.replace(/\.[0-9a-f]{8}-/, '.01234567-');
    for (const name of [own, dead, elsewhere]) leave(name, 'a whole prompt', new Date());
    leave(`${IDS[0]}.md.0123456789ab.tmp`, 'as earlier versions named it', AGES_AGO);
    leave('mine.tmp', 'a note of a person', AGES_AGO);
    await store.list('project');
    expect(names()).toEqual([`${IDS[0]}.md`, own, elsewhere, 'mine.tmp'].sort());
  });

  it('while it held a claim is removed, and what a living one holds is not', async () => {
    await store.create(nth(0));
    leave(`${IDS[0]}.claim`, JSON.stringify({pid: DEAD_PID, hostname: hostname()}), new Date());
    leave(`${IDS[1]}.claim`, JSON.stringify(thisProcess()), AGES_AGO);
    leave(
      `${IDS[2]}.claim`,
      JSON.stringify({...thisProcess(), boot: 'b', hostname: 'elsewhere'}),
      new Date(),
    );
    await store.list('project');
    expect(names()).toEqual([`${IDS[0]}.md`, `${IDS[1]}.claim`, `${IDS[2]}.claim`].sort());
  });
});

describe('a list that is asked for while another is under way', () => {
  it('has what was stored after the other had begun', async () => {
    plantMany(40);
    const early = store.list('project');
    // By now the other is under way.
    await Promise.resolve();
    plant(`${IDS[0]}.md`, renderRecord(nth(0)));
    expect(await idsOf(store)).toContain(IDS[0]);
    expect((await early).heads.length).toBeGreaterThanOrEqual(40);
  });
});

describe('a file that cannot be understood', () => {
  const whole = renderRecord(aDelegation({id: IDS[1]}));

  test.each([
    ['has no front matter', 'hello\n'],
    ['was cut off in its front matter', whole.slice(0, 100)],
    ['is no YAML', '---\n[\n---\n'],
    ['is not text', '\u0000\u0001\ufffd'],
    ['bears the name of another', renderRecord(aDelegation({id: IDS[2]}))],
  ])('because it %s is skipped and logged, and takes nothing else down', async (_, content) => {
    await store.create(nth(0));
    plant(`${IDS[1]}.md`, content);
    expect(await idsOf(store)).toEqual([IDS[0]]);
    expect(await store.read('project', IDS[1])).toBeUndefined();
    expect(log.lines).toHaveLength(2);
    for (const line of log.lines) expect(line).toContain(`${IDS[1]}.md is skipped`);
  });

  it('because it is a link to itself is skipped and logged once, and takes nothing else down', async () => {
    await store.create(nth(0));
    mkdirSync(folder(), {recursive: true});
    symlinkSync(`${IDS[1]}.md`, join(folder(), `${IDS[1]}.md`));
    expect(await idsOf(store)).toEqual([IDS[0]]);
    await store.create(nth(2));
    expect(await idsOf(store)).toEqual(expect.arrayContaining([IDS[0], IDS[2]]));
    expect(log.lines).toEqual([expect.stringContaining(`${IDS[1]}.md is skipped: ELOOP`)]);
  });

  it('is logged once for a version, not with every list', async () => {
    plant(`${IDS[1]}.md`, 'hello\n');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(join(folder(), `${IDS[1]}.md`), longAgo, longAgo);
    for (const n of [0, 2, 3]) {
      await store.create(nth(n));
      await store.list('project');
    }
    expect(log.lines).toHaveLength(1);
  });

  it('comes back as soon as it is mended', async () => {
    plant(`${IDS[1]}.md`, whole.slice(0, 100));
    expect(await idsOf(store)).toEqual([]);
    plant(`${IDS[1]}.md`, whole);
    expect(await idsOf(store)).toEqual([IDS[1]]);
  });

  it('because it is empty, as a name that is being reserved, is skipped without a word', async () => {
    await store.create(nth(0));
    plant(`${IDS[1]}.md`, '');
    expect(await idsOf(store)).toEqual([IDS[0]]);
    expect(await store.read('project', IDS[1])).toBeUndefined();
    expect(log.lines).toEqual([]);
  });

  it('because its body was cut off cannot be read, and takes nothing else down', async () => {
    await store.create(nth(0));
    plant(`${IDS[1]}.md`, whole.slice(0, whole.indexOf('## Result')));
    expect(await store.read('project', IDS[1])).toBeUndefined();
    expect(await idsOf(store)).toContain(IDS[0]);
    expect(log.lines.join()).toContain(`${IDS[1]}.md is skipped`);
  });

  it('because it is a folder is skipped and logged', async () => {
    await store.create(nth(0));
    mkdirSync(join(folder(), `${IDS[1]}.md`));
    expect(await idsOf(store)).toEqual([IDS[0]]);
    expect(await store.read('project', IDS[1])).toBeUndefined();
    expect(log.lines).toHaveLength(2);
  });

  it('because it is a note of a person is left alone', async () => {
    await store.create(nth(0));
    plant('notes.txt', 'mine');
    plant('README.md', '# mine\n');
    expect(await idsOf(store)).toEqual([IDS[0]]);
    expect(readFileSync(join(folder(), 'README.md'), 'utf8')).toBe('# mine\n');
  });
});

describe('a crash', () => {
  it('between writing and renaming leaves the record as it was', async () => {
    await store.create(nth(0, {title: 'before'}));
    plant(`${IDS[0]}.md.1234567890`, renderRecord(nth(0, {title: 'never renamed'})).slice(0, 90));
    expect((await other.list('project')).heads).toMatchObject([{title: 'before'}]);
    expect(await other.read('project', IDS[0])).toMatchObject({title: 'before'});
    await other.write(nth(0, {title: 'after'}));
    expect((await store.list('project')).heads).toMatchObject([{title: 'after'}]);
  });

  it('while an id was being reserved leaves the id taken and nothing to read', async () => {
    plant(`${IDS[0]}.md`, '');
    expect(await store.create(nth(0))).toBe(false);
    expect(await store.read('project', IDS[0])).toBeUndefined();
  });
});

describe('reading', () => {
  it('of what was never stored gives nothing and logs nothing', async () => {
    expect(await store.read('project', IDS[0])).toBeUndefined();
    expect(log.lines).toEqual([]);
  });

  it('of a deleted record gives nothing', async () => {
    await store.create(nth(0));
    rmSync(store.artifact('project', IDS[0]));
    expect(await store.read('project', IDS[0])).toBeUndefined();
  });
});
