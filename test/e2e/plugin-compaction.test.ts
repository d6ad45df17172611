import {existsSync} from 'node:fs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {read, scriptDelegating} from '../support/delegating-script.ts';
import {createPluginSandbox} from '../support/plugin-sandbox.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {noticesIn, UserOpenCode} from '../support/user-opencode.ts';

let model: ScriptedModel;
let sandbox: Sandbox;
let opencode: UserOpenCode;

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = await createPluginSandbox({modelUrl: model.url});
  opencode = await UserOpenCode.start(sandbox);
});

afterAll(async () => {
  await opencode.kill();
  await model.close();
  await sandbox.remove();
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
