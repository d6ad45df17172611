import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {delegate, idsIn, read, scriptDelegating} from '../support/delegating-script.ts';
import {createGate} from '../support/gate.ts';
import {createPluginSandbox} from '../support/plugin-sandbox.ts';
import {eventually} from '../support/processes.ts';
import {artifactOf, type Sandbox} from '../support/sandbox.ts';
import {type ModelRequest, type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {noticesIn, PREFIX, type Said, UserOpenCode} from '../support/user-opencode.ts';

let model: ScriptedModel;
let sandbox: Sandbox;
let opencode: UserOpenCode;

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = await createPluginSandbox({modelUrl: model.url, config: {permission: {bash: 'ask'}}});
  opencode = await UserOpenCode.start(sandbox, {env: {OPENCODE_DELEGATE_ON_ASK: 'wait'}});
});

afterAll(async () => {
  await opencode.kill();
  await model.close();
  await sandbox.remove();
});

const reply = (id: string, request: number): Reply => ({
  tool: `${PREFIX}delegation_reply`,
  input: {id, decision: 'allow', request},
});

/** A delegated agent that runs those commands, and what its session does after it has delegated. */
function script(
  commands: readonly string[],
  session: (request: ModelRequest) => Reply,
  begun = Promise.resolve(),
): void {
  model.script(async (request) => {
    const {prompt, toolResults} = request;
    if (prompt !== 'run them') return idsIn(request).length === 0 ? delegate('run them') : session(request);
    await begun;
    const command = commands[toolResults.length];
    return command === undefined
      ? {text: 'All have run.'}
      : {tool: 'bash', input: {command, description: 'a command'}};
  });
}

const blockedIn = (transcript: readonly Said[]) =>
  noticesIn(transcript).filter((text) => text.includes('<status>blocked</status>'));
const has = (file: string) => existsSync(join(sandbox.project, file));

describe('a session whose delegation waits for an answer', () => {
  it('is woken for each request once, with what is asked and how it is answered', async () => {
    script(['touch first.txt', 'touch <second>.txt'], (request) => {
      const {prompt, toolResults} = request;
      const number = Number(/<request>(\d)<\/request>/.exec(prompt)?.[1]);
      if (prompt.includes('<status>completed</status>')) return {text: 'Noted.'};
      if (!prompt.includes('<status>blocked</status>')) return {text: 'Carrying on.'};
      return toolResults.length === 0 ? reply(idsIn(request)[0] ?? '', number) : {text: `Allowed ${number}.`};
    });
    const session = await opencode.session();
    await opencode.say(session, 'go');
    const all = await opencode.until(session, (said) => said.at(-1)?.text === 'Noted.');
    const [id = ''] = await opencode.delegated(session);
    const blocked = blockedIn(all);
    expect(blocked).toHaveLength(2);
    expect(blocked[0]).toMatch(
      new RegExp(
        `^<task-notification>\n<task-id>${id}</task-id>\n<status>blocked</status>\n<request>1</request>\n` +
          '<title>run them</title><summary>.* permission bash: touch first.txt</summary>\n' +
          '<until>20\\S+Z</until>\n' +
          `<reply>delegation_reply\\("${id}", "allow" or "deny", request: 1\\)</reply>\n` +
          '<remaining>1</remaining>\n</task-notification>\n',
      ),
    );
    expect(blocked[1]).toContain('<request>2</request>');
    expect(blocked[1]).toContain('touch &lt;second&gt;.txt');
    expect(has('first.txt')).toBe(true);
    // The end is news all the same.
    expect(noticesIn(all)).toHaveLength(3);
    expect(noticesIn(all)[2]).toContain(`<task-id>${id}</task-id>\n<status>completed</status>`);
  });

  it('is not told of a request that it was shown by reading', async () => {
    const isReading = createGate();
    const onRequest = (request: ModelRequest): Reply => {
      const [id = ''] = idsIn(request);
      if (request.prompt === 'allow it') {
        return request.toolResults.length === 0 ? reply(id, 1) : {text: 'Allowed.'};
      }
      if (request.toolResults.length === 1) return read(id);
      return {text: request.prompt.includes('<task-notification>') ? 'Noted.' : 'Saw it.'};
    };
    script(['touch shown.txt'], onRequest, isReading.opened);
    const session = await opencode.session();
    const turn = opencode.say(session, 'go');
    await opencode.untilCalling(session, 'delegation_read');
    isReading.open();
    await turn;
    const [id = ''] = await opencode.delegated(session);
    const marks = join(sandbox.dataDir, '.notices', session);
    const project = artifactOf(sandbox, id).split('/').at(-2);
    await eventually(() => existsSync(join(marks, `${id}@${project}.request-1.told`)));
    expect(readFileSync(join(marks, `${id}@${project}.request-1.told`), 'utf8')).toBe('by reading');
    await opencode.say(session, 'allow it');
    const all = await opencode.until(session, (said) => said.at(-1)?.text === 'Noted.');
    expect(blockedIn(all)).toEqual([]);
    expect(has('shown.txt')).toBe(true);
  });
});

describe('compaction', () => {
  it('carries over what runs and what is unread, also past a summarizer that leaves it out', async () => {
    const gates = scriptDelegating(model, {
      prompts: ['still running', 'ended unread'],
      // Too long to go with its notice.
      answer: (prompt) => `Answer to ${prompt}\n\n${'And so on. '.repeat(200)}`,
    });
    const session = await opencode.session();
    await opencode.say(session, 'go');
    const [running = '', unread = ''] = await opencode.delegated(session);
    gates.get('ended unread')?.open();
    await opencode.until(session, (said) => noticesIn(said).length === 1);

    model.script(({prompt, tools, toolResults}): Reply => {
      if (tools.length === 0) return {text: `## Goal\n- ${running} is at work.`};
      return prompt === 'go on' && toolResults.length === 0 ? read(unread) : {text: toolResults.join()};
    });
    const before = model.requests.length;
    await opencode.client.session.summarize({sessionID: session, providerID: 'scripted', modelID: 'model'});
    const summarizer = model.requests.slice(before).find(({tools}) => tools.length === 0);
    const seen = summarizer?.prompt;
    expect(seen).toMatch(
      new RegExp(
        `- ${running}: running, agent build, started [^,]+, last active .{24}. Prompt: still running`,
      ),
    );
    expect(seen).toContain(
      `- ${unread}: completed, not read yet. Title: ended unread Summary: Answer to ended unread`,
    );
    expect(seen).toContain(`delegation_read("${unread}")`);
    expect(seen).toContain('A notice arrives by itself');

    await opencode.say(session, 'go on');
    const next = model.requests.find(({prompt}) => prompt === 'go on');
    // The summarizer has kept the one itself, and the other was added to what it wrote.
    const context = JSON.stringify(next?.messages);
    expect(context).toContain(`${running} is at work.`);
    expect(context).not.toContain(`- ${running}: running`);
    expect(context).toContain(`- ${unread}: completed, not read yet.`);
    expect((await opencode.transcript(session)).at(-1)?.text).toContain('Answer to ended unread');
    gates.get('still running')?.open();
    await opencode.until(session, (said) => noticesIn(said).length === 2);
  });

  it('adds nothing for a session without delegations', async () => {
    model.script(() => ({text: 'Nothing special.'}));
    const session = await opencode.session();
    await opencode.say(session, 'a lonely hello');
    await opencode.client.session.summarize({sessionID: session, providerID: 'scripted', modelID: 'model'});
    const summarizer = model.requests.findLast(({tools}) => tools.length === 0);
    expect(JSON.stringify(summarizer?.messages)).toContain('a lonely hello');
    expect(JSON.stringify(summarizer?.messages)).not.toContain('Background delegations');
    expect(existsSync(`${sandbox.dataDir}/.notices/${session}`)).toBe(false);
  });
});
