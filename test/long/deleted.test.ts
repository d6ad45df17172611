import {readFileSync} from 'node:fs';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {untilActivity} from '../support/client.ts';
import {eventually, processesIn} from '../support/processes.ts';
import {artifactOf} from '../support/sandbox.ts';
import type {Reply} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

const SLEEP = {tool: 'bash', input: {command: 'sleep 600', description: 'Sleep'}, text: 'I sleep.'} as const;

const home = shareHome();
let person: UserOpenCode;

beforeAll(async () => {
  person = await UserOpenCode.start(home.sandbox);
});

afterAll(() => person.kill());

it.each<[string, Reply, RegExp, string]>([
  ['while it thinks', {stall: 'Half of'}, /writing/, 'Half of'],
  ['while a tool runs', SLEEP, /bash/, 'I sleep.'],
])(
  'a session that somebody deletes %s ends at once, says so, and keeps its text',
  async (_, reply, activity, text) => {
    const {sandbox, open} = home.scene(() => reply);
    const client = await open();
    const id = await client.delegate('Begin');
    await untilActivity(client, id, activity);
    const session = /\nsession: (ses\S+)/.exec(readFileSync(artifactOf(sandbox, id), 'utf8'))?.[1] ?? '';
    const {error} = await person.client.session.delete({sessionID: session, directory: sandbox.project});
    expect(error).toBeUndefined();
    const read = await client.read(id, {wait_seconds: 90});
    expect(read.blocks[0]).toMatch(/ · error · .*Why: Its session was deleted in OpenCode/s);
    expect(read.blocks[1]).toBe(text);
    await eventually(() => !processesIn(sandbox.root).some(({command}) => command.includes('sleep 600')));
  },
);
