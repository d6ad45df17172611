import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {hostname, tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {thisProcess} from '../../src/process/identity.ts';
import {temporaryOf} from '../../src/process/temporary.ts';
import {CLIENT_SESSION, noticesOf} from '../../src/store/notices/client-sessions.ts';
import {tellAgain, tidyNotices} from '../../src/store/notices/notice-folders.ts';
import {SessionNotices} from '../../src/store/notices/session-notices.ts';
import {DEAD_PID} from '../support/fakes.ts';

const ONE = {project: 'shop-1', id: 'swift-amber-otter'};
const NAME = 'swift-amber-otter@shop-1';

let root: string;
let notices: SessionNotices;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'opencode-delegate-notices-'));
  notices = new SessionNotices(root, 'ses_1');
  await notices.expect(ONE);
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

/** As another process would have signed the file. */
function sign(name: string, pid: number, machine = hostname()): void {
  writeFileSync(join(notices.folder, name), JSON.stringify({pid, hostname: machine}));
}

/** As if it had been written eleven minutes ago. */
function setBack(name: string): void {
  const longAgo = Date.now() / 1_000 - 11 * 60;
  utimesSync(join(notices.folder, name), longAgo, longAgo);
}

const names = () => readdirSync(notices.folder).sort();

describe('what a session waits to hear of', () => {
  it('is kept in a folder for its owner alone, and nothing is without one', async () => {
    expect(statSync(notices.folder).mode & 0o777).toBe(0o700);
    expect(await notices.expected()).toEqual([ONE]);
    expect(await new SessionNotices(root, 'ses_2').expected()).toEqual([]);
  });

  it('is known with how it was told', async () => {
    for (const told of ['silently', 'by reading', 'awake'] as const) {
      await notices.confirm(ONE, told);
      expect(await notices.expected()).toEqual([{...ONE, told}]);
    }
  });

  it('is told where nobody can say how', async () => {
    writeFileSync(join(notices.folder, `${NAME}.told`), 'garbage');
    expect(await notices.expected()).toEqual([{...ONE, told: 'awake'}]);
  });

  it('is forgotten with all that was kept of it, and of nothing else', async () => {
    const other = {project: 'shop-1', id: 'calm-blue-heron'};
    await notices.expect(other);
    await notices.claim(ONE);
    await notices.confirm(ONE, 'silently');
    await notices.confirm(ONE, 'awake', 1);
    await notices.forget(ONE);
    expect(names()).toEqual(['calm-blue-heron@shop-1']);
    expect(await notices.claim(ONE)).toBeUndefined();
  });
});

it('what is told when it was forgotten leaves nothing behind', async () => {
  await notices.forget(ONE);
  await notices.confirm(ONE, 'by reading');
  await notices.confirm(ONE, 'by reading', 1);
  expect(names()).toEqual([]);
});

describe('a claim', () => {
  it('is the first process that makes it alone, and stays with it', async () => {
    expect(await notices.claim(ONE)).toEqual({isFirst: true});
    expect(await notices.claim(ONE)).toEqual({isFirst: false});
    expect(names()).toEqual([NAME, `${NAME}.claim-1`]);
  });

  it('of a process that lives is left to it', async () => {
    sign(`${NAME}.claim-1`, process.ppid);
    expect(await notices.claim(ONE)).toBeUndefined();
    expect(names()).toEqual([NAME, `${NAME}.claim-1`]);
  });

  it('of a process on another machine is left to it', async () => {
    sign(`${NAME}.claim-1`, DEAD_PID, 'elsewhere');
    expect(await notices.claim(ONE)).toBeUndefined();
  });

  it('of a process that is gone is taken over', async () => {
    sign(`${NAME}.claim-1`, DEAD_PID);
    expect(await notices.claim(ONE)).toEqual({isFirst: false});
    expect(names()).toEqual([NAME, `${NAME}.claim-1`]);
    expect(await notices.claim(ONE)).toEqual({isFirst: false});
  });

  it('of an earlier process with the number of this one is taken over', async () => {
    const earlier = {...thisProcess(), started: 1};
    writeFileSync(join(notices.folder, `${NAME}.claim-1`), JSON.stringify(earlier));
    expect(await notices.claim(ONE)).toEqual({isFirst: false});
  });

  it('that nobody has signed is left alone until it is older than any notice takes', async () => {
    writeFileSync(join(notices.folder, `${NAME}.claim-1`), '');
    expect(await notices.claim(ONE)).toBeUndefined();
    setBack(`${NAME}.claim-1`);
    expect(await notices.claim(ONE)).toEqual({isFirst: false});
  });

  it("that another process has taken over meanwhile is this one's no longer", async () => {
    await notices.claim(ONE);
    sign(`${NAME}.claim-1`, process.ppid);
    expect(await notices.claim(ONE)).toBeUndefined();
  });

  it('that is older than any notice takes is taken over, no matter who has its number now', async () => {
    sign(`${NAME}.claim-1`, process.ppid);
    setBack(`${NAME}.claim-1`);
    expect(await notices.claim(ONE)).toEqual({isFirst: false});
  });

  it('is refused where it was told', async () => {
    await notices.confirm(ONE, 'awake');
    expect(await notices.claim(ONE)).toBeUndefined();
  });

  it('is refused where it was told by the one who had the claim before', async () => {
    sign(`${NAME}.claim-1`, DEAD_PID);
    await notices.confirm(ONE, 'awake');
    expect(await notices.claim(ONE)).toBeUndefined();
  });
});

describe('a request', () => {
  it('is claimed and told apart from others and from the end', async () => {
    expect(await notices.claim(ONE, 1)).toEqual({isFirst: true});
    expect(await notices.claim(ONE, 2)).toEqual({isFirst: true});
    await notices.confirm(ONE, 'awake', 1);
    await notices.confirm(ONE, 'by reading', 12);
    const [known] = await notices.expected();
    expect([...(known?.requests ?? [])].sort()).toEqual([1, 12]);
    expect(known?.told).toBeUndefined();
    expect(await notices.claim(ONE, 1)).toBeUndefined();
    expect(await notices.claim(ONE)).toEqual({isFirst: true});
  });
});

describe('the holder of a session', () => {
  it('is the process that has used it last', async () => {
    expect(await notices.isHeld()).toBe(false);
    await notices.hold();
    expect(await notices.isHeld()).toBe(true);
    sign('holder', process.ppid);
    expect(await notices.isHeld()).toBe(false);
    await notices.hold();
    expect(JSON.parse(readFileSync(join(notices.folder, 'holder'), 'utf8'))).toEqual(thisProcess());
  });
});

describe('an end that is told again', () => {
  it('is waited for by the session that asked for it, and forgotten by all others that were told', async () => {
    const client = new SessionNotices(root, noticesOf('codex', 'one'), {isHurried: true});
    const other = {project: 'shop-1', id: 'calm-blue-heron'};
    for (const one of [notices, client]) {
      for (const named of [ONE, other]) {
        await one.expect(named);
        await one.claim(named);
        await one.confirm(named, 'awake');
      }
    }
    await tellAgain(root, {...ONE, parent: {session: 'ses_1', pid: 1}});
    expect(await notices.expected()).toEqual(expect.arrayContaining([ONE, {...other, told: 'awake'}]));
    expect(await client.expected()).toEqual([{...other, told: 'awake'}]);
    expect(await notices.claim(ONE)).toEqual({isFirst: true});
    // Where no session has ever waited for anything.
    await tellAgain(join(root, 'nowhere'), ONE);
  });
});

describe('the folder of a session', () => {
  const folders = () => readdirSync(join(root, '.notices'));

  it('goes when the session waits for nothing and its process is gone', async () => {
    await notices.forget(ONE);
    sign('holder', DEAD_PID);
    await tidyNotices(root);
    expect(folders()).toEqual([]);
    await notices.expect(ONE);
    await notices.hold();
    expect(await notices.expected()).toEqual([ONE]);
  });

  it('stays while it waits for something, or its process is there', async () => {
    sign('holder', DEAD_PID);
    await tidyNotices(root);
    expect(names()).toEqual(['holder', NAME].sort());
    await notices.hold();
    await notices.forget(ONE);
    await tidyNotices(root);
    expect(names()).toEqual(['holder']);
  });

  it('keeps nothing of a process that was killed as it wrote', async () => {
    const own = temporaryOf('holder');
    const dead = own.replace(`-${process.pid}-`, `-${DEAD_PID}-`);
    for (const name of [own, dead]) writeFileSync(join(notices.folder, name), '');
    await tidyNotices(root);
    expect(names()).toEqual([NAME, own].sort());
  });
});

describe('the folder of a session of another client', () => {
  it('is called like none of OpenCode, and like no other client’s, whatever the client calls its session', () => {
    const sessions = ['3a05d321-3230', '../../etc', 'ses_1', 'x'.repeat(500), ''];
    const names = ['codex', 'gemini'].flatMap((client) => sessions.map((one) => noticesOf(client, one)));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(CLIENT_SESSION);
    expect(noticesOf('opencode', 'ses_1')).toBe('ses_1');
  });

  it('goes when its hook has told nothing for thirty days', async () => {
    const [open, closed] = ['codex-open', 'codex-closed'].map((name) => new SessionNotices(root, name));
    for (const one of [open, closed]) {
      await one?.expect(ONE);
      await one?.confirm(ONE, 'awake');
    }
    const age = (days: number) => Date.now() / 1_000 - days * 24 * 60 * 60;
    if (open !== undefined) utimesSync(open.folder, age(29), age(29));
    if (closed !== undefined) utimesSync(closed.folder, age(31), age(31));
    await tidyNotices(root);
    expect(readdirSync(join(root, '.notices')).sort()).toEqual(['codex-open', 'ses_1']);
  });

  it('has the same in it where nobody waits for the disk', async () => {
    const hurried = new SessionNotices(root, 'codex-one', {isHurried: true});
    await hurried.expect(ONE);
    await hurried.confirm(ONE, 'silently');
    expect(await hurried.expected()).toEqual([{...ONE, told: 'silently'}]);
    await hurried.forget(ONE);
    expect(readdirSync(hurried.folder)).toEqual([]);
  });
});
