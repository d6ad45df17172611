import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {DEAD_PID} from '../support/fakes.ts';
import {createPluginSandbox} from '../support/plugin-sandbox.ts';
import {eventually} from '../support/processes.ts';
import {artifactOf, HOST_MODE, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {delegateOne, noticesIn, toldTimes, UserOpenCode} from '../support/user-opencode.ts';

let model: ScriptedModel;
let sandbox: Sandbox;
let one: UserOpenCode;
let two: UserOpenCode;

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = await createPluginSandbox({modelUrl: model.url});
  one = await UserOpenCode.start(sandbox);
  two = await UserOpenCode.start(sandbox);
});

afterAll(async () => {
  await one.kill();
  await two.kill();
  await model.close();
  await sandbox.remove();
});

/** A session of that process that has delegated the prompt, whose answer waits for the gate. */
async function delegating(opencode: UserOpenCode, inner: string) {
  const session = await opencode.session();
  const {id, gate} = await delegateOne({model, opencode, session, inner});
  return {
    session,
    id,
    gate,
    ended: () => eventually(() => /^ended: /m.test(readFileSync(artifactOf(sandbox, id), 'utf8'))),
  };
}

function noticeFiles(session: string): readonly string[] {
  return readdirSync(join(sandbox.dataDir, '.notices', session));
}

describe('with several OpenCode processes on one project', () => {
  it('a session is told by the one that has used it last, once', async () => {
    const {session, id, gate} = await delegating(one, 'handed over');
    await two.say(session, 'hello from the other');
    gate.open();
    const all = await two.until(session, (said) => said.at(-1)?.text === 'Noted.');
    expect(toldTimes(all, id)).toBe(1);
    // It was told the whole answer, so that nothing is kept for it but who is in it.
    await eventually(() => noticeFiles(session).join() === 'holder');
    const holder = readFileSync(join(sandbox.dataDir, '.notices', session, 'holder'), 'utf8');
    expect(JSON.parse(holder)).toMatchObject({pid: two.pid, hostname: hostname()});
  });

  it('a process that died while it told is followed by another, which does not repeat what was told', async () => {
    const {session, id, gate} = await delegating(one, 'claimed by the dead');
    const mark = noticeFiles(session).find((name) => name.startsWith(`${id}@`) && /@[^.]+$/.test(name));
    const claim = join(sandbox.dataDir, '.notices', session, `${mark}.claim-1`);
    writeFileSync(claim, JSON.stringify({pid: DEAD_PID, hostname: hostname()}));
    // As far as it came: the notice is in the transcript, and nobody has confirmed that.
    await one.client.session.prompt({
      sessionID: session,
      noReply: true,
      agent: 'build',
      model: {providerID: 'scripted', modelID: 'model'},
      parts: [
        {
          type: 'text',
          synthetic: true,
          text: `<task-notification>\n<task-id>${id}</task-id>\n<status>completed</status>\n<retrieval>delegation_read("${id}")</retrieval>`,
        },
      ],
    });
    gate.open();
    await eventually(() => noticeFiles(session).includes(`${mark}.told`));
    expect(JSON.parse(readFileSync(claim, 'utf8'))).toMatchObject({pid: one.pid});
    expect(toldTimes(await one.transcript(session), id)).toBe(1);
  });

  it('a claim whose owner died before it told is taken over', async () => {
    const {session, id, gate} = await delegating(one, 'claimed and not told');
    const mark = noticeFiles(session).find((name) => name.startsWith(`${id}@`) && /@[^.]+$/.test(name));
    const claim = join(sandbox.dataDir, '.notices', session, `${mark}.claim-1`);
    writeFileSync(claim, JSON.stringify({pid: DEAD_PID, hostname: hostname()}));
    gate.open();
    const all = await one.until(session, (said) => said.at(-1)?.text === 'Noted.');
    expect(toldTimes(all, id)).toBe(1);
  });

  it('what was delegated by a session that is deleted ends at once', async () => {
    const {session, id, gate, ended} = await delegating(one, 'an orphan');
    const {error} = await one.client.session.delete({sessionID: session});
    expect(error).toBeUndefined();
    await ended();
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toMatch(
      /^error: Its session was deleted in OpenCode, or the one that it was opened below\./m,
    );
    gate.open();
  });

  // Without a host the work ends with the process, and then nobody is left to give it an end.
  it.skipIf(HOST_MODE === 'off')(
    'a session whose process was killed is told with the next message, wherever that is',
    async () => {
      const {session, id, gate, ended} = await delegating(one, 'outlives its parent');
      await one.kill();
      gate.open();
      await ended();
      // Anyone who else is there does not touch the session until it is used.
      expect(noticesIn(await two.transcript(session))).toEqual([]);
      model.script(({prompt}) => ({text: `I was told: ${prompt.includes(`<task-id>${id}</task-id>`)}`}));
      await two.say(session, 'what has become of it?');
      const all = await two.until(session, (said) => said.at(-1)?.text === 'I was told: true');
      expect(toldTimes(all, id)).toBe(1);
      // With the message, and with no turn of its own.
      expect(all.at(-2)?.text).toMatch(/^what has become of it\?\n<task-notification>/);
      await eventually(() => noticeFiles(session).join() === 'holder');
    },
  );
});
