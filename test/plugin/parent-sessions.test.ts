import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {ParentSessions} from '../../src/plugin/notices/parent-sessions.ts';
import type {ApiAnswer, PluginClient} from '../../src/plugin/opencode/hooks.ts';
import {UserOpenCode} from '../../src/plugin/opencode/user-opencode.ts';
import {FolderWatch} from '../../src/plugin/records/folder-watch.ts';
import {Records} from '../../src/plugin/records/records.ts';
import {SessionNotices} from '../../src/store/notices/session-notices.ts';
import {FakeLog} from '../support/fakes.ts';
import {createGate} from '../support/gate.ts';

const NOTHING = async (): Promise<ApiAnswer> => ({data: {}});
const CLIENT: PluginClient = {
  app: {log: NOTHING},
  tui: {showToast: NOTHING},
  session: {get: NOTHING, messages: NOTHING, status: NOTHING, prompt: NOTHING, promptAsync: NOTHING},
};

describe('the sessions that something may have to be told', () => {
  let root: string;
  let watch: FolderWatch;
  let sessions: ParentSessions;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'parent-sessions-'));
    const log = new FakeLog();
    watch = new FolderWatch(log);
    sessions = new ParentSessions(() => ({
      ...{opencode: new UserOpenCode(CLIENT), records: new Records({root, log}), watch, log},
      directory: root,
    }));
  });

  afterEach(() => {
    sessions.close();
    watch.close();
    rmSync(root, {recursive: true, force: true});
  });

  it('are let go of when their turn is over and they wait for nothing, however many there were', async () => {
    for (let n = 0; n < 100; n++) {
      await sessions.in(`ses_${n}`, (session) => session.spokenTo(undefined, () => 'msg_1'));
      await sessions.rest(`ses_${n}`);
    }
    expect(sessions.size).toBe(0);
  });

  it('are kept for as long as they wait for an end', async () => {
    const expected = {project: 'project', id: 'swift-amber-otter'};
    const notices = new SessionNotices(root, 'ses_1');
    await sessions.in('ses_1', (session) => session.delegating());
    await notices.expect(expected);
    await sessions.rest('ses_1');
    expect(sessions.size).toBe(1);
    await notices.forget(expected);
    await sessions.rest('ses_1');
    expect(sessions.size).toBe(0);
  });

  it('are kept while a hook is at work in them', async () => {
    const gate = createGate();
    const hook = sessions.in('ses_1', () => gate.opened);
    await sessions.rest('ses_1');
    expect(sessions.size).toBe(1);
    gate.open();
    await hook;
    await sessions.rest('ses_1');
    expect(sessions.size).toBe(0);
  });
});
