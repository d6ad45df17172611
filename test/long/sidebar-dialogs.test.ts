import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {shownDelegation} from '../../src/control/shown.ts';
import {runCommand} from '../support/command.ts';
import {WAITING} from '../support/command-home.ts';
import {delegate, idsIn} from '../support/delegating-script.ts';
import {installPlugin} from '../support/plugin-sandbox.ts';
import {eventually} from '../support/processes.ts';
import type {Registry} from '../support/registry.ts';
import {createSandbox, HOST_MODE, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {openTerminalOf, type Terminal} from '../support/terminal.ts';

const CTRL_C = '\u0003';
const CTRL_P = '\u0010';
const ESCAPE = '\u001b';
/** More lines than a dialog shows. */
const LONG = Array.from({length: 20}, (_, n) => `echo line ${n + 1}`).join('\n');
const QUESTION = {question: 'Which colour?', header: 'Colour', options: [{label: 'Red', description: 'r'}]};

let model: ScriptedModel;
let sandbox: Sandbox;
let registry: Registry;
let opened: Terminal;

/** One OpenCode for all: its agent asks for a long command, then a question, then for a short one. */
beforeAll(async () => {
  model = await ScriptedModel.start((request) => {
    const {prompt, toolResults, tools} = request;
    if (tools.length === 0) return {text: 'A title'};
    if (prompt === 'ask me') {
      if (toolResults.length === 0) return {tool: 'bash', input: {command: LONG, description: 'long'}};
      if (toolResults.length === 1) return {tool: 'question', input: {questions: [QUESTION]}};
      if (toolResults.length === 2)
        return {tool: 'bash', input: {command: 'echo short', description: 'short'}};
      return {text: toolResults.join(' | ')};
    }
    return idsIn(request).length === 0 ? delegate('ask me') : {text: 'Carrying on.'};
  });
  sandbox = createSandbox({modelUrl: model.url, config: {permission: {bash: 'ask'}}});
  registry = await installPlugin(sandbox);
  const env = {...sandbox.env, ...WAITING};
  opened = openTerminalOf({columns: 160, rows: 45}, {...sandbox, env}, 'opencode');
  await opened.shows('Ask anything');
  await opened.say('go and delegate');
  await opened.shows('1 needs you');
});

afterAll(async () => {
  await opened?.close();
  await registry.close();
  await model.close();
  await sandbox.remove();
});

/** Opens the dialog for the one request that there is. */
async function openReply(): Promise<void> {
  await opened.say('/delegation-reply');
  await opened.shows('Search');
  opened.type('\r');
}

async function shown() {
  const {stdout} = await runCommand(sandbox, ['list', '--json', '--all']);
  const [found] = shownDelegation.array().parse(JSON.parse(stdout));
  if (found === undefined) throw new Error('nothing was delegated');
  return found;
}

async function untilAsked(what: string): Promise<void> {
  await eventually(async () => (await shown()).requests.some((request) => request.what.includes(what)));
  await opened.shows('needs you ');
}

describe.skipIf(HOST_MODE === 'off')('the dialog of OpenCode', () => {
  it('lets nobody allow what does not fit into it, and names the command that does', async () => {
    const {id} = await shown();
    await openReply();
    await opened.shows(`Answer with: opencode-delegate reply ${id} allow|deny`);
    await opened.shows('echo line 1');
    expect(opened.screen()).not.toContain('Allow, this once');
    opened.type(ESCAPE);
    await opened.hides('Answer with:');
    expect((await shown()).requests).toHaveLength(1);
    await runCommand(sandbox, ['reply', id, 'allow']);
  });

  it('has a question answered in words', async () => {
    await untilAsked('Which colour?');
    await openReply();
    await opened.shows('Deny');
    expect(opened.screen()).not.toContain('Allow, this once');
    opened.type('\r');
    await opened.shows('Your answer');
    opened.type('Blue as the sea');
    await opened.shows('Blue as the sea');
    opened.type('\r');
    await eventually(() =>
      model.requests.some(({toolResults}) => toolResults.join().includes('Blue as the sea')),
    );
  });

  it('denies a request with what the agent reads', async () => {
    await untilAsked('echo short');
    await openReply();
    await opened.shows('Allow, this once');
    opened.type('\u001b[B');
    opened.type('\r');
    await opened.shows('What the agent reads');
    await opened.shows('echo short');
    opened.type('Use the long one.');
    await opened.shows('Use the long one.');
    opened.type('\r');
    await opened.shows('completed');
    const told = model.requests.flatMap(({toolResults}) => toolResults).join();
    expect(told).toContain('Use the long one.');
    expect((await shown()).status).toBe('completed');
  });

  it('is gone with all else of it when the person switches the plugin off, and comes back', async () => {
    await opened.shows('• ask me');
    await toggle();
    await opened.hides('• ask me');
    expect(opened.screen()).not.toContain('Delegations');
    opened.type('/delegation');
    // The server's own prompt stays: it is not the plugin's.
    await opened.shows('/opencode-delegate:delegations');
    expect(opened.screen()).not.toContain('/delegation-reply');
    opened.type(CTRL_C);
    await opened.hides('/delegation');
    await toggle();
    await opened.shows('• ask me');
    opened.type('/delegation');
    await opened.shows('/delegation-reply');
  });
});

/** Switches the one plugin that is no part of OpenCode off or on, in OpenCode's own list. */
async function toggle(): Promise<void> {
  opened.type(CTRL_P);
  await opened.shows('Search');
  opened.type('Plugins');
  await opened.shows('Plugins');
  opened.type('\r');
  await opened.shows('opencode-delegate');
  opened.type('\r');
  opened.type(ESCAPE);
}
