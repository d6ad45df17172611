import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {idsIn, read, scriptDelegating} from '../support/delegating-script.ts';
import {installPlugin} from '../support/plugin-sandbox.ts';
import {eventually} from '../support/processes.ts';
import type {Registry} from '../support/registry.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {openTerminal, type Terminal} from '../support/terminal.ts';
import {PREFIX} from '../support/user-opencode.ts';

let model: ScriptedModel;
let sandbox: Sandbox;
let registry: Registry;
let terminal: Terminal | undefined;

beforeAll(async () => {
  model = await ScriptedModel.start();
  // A home with a model and nothing else.
  sandbox = createSandbox({modelUrl: model.url});
  registry = await installPlugin(sandbox);
});

afterAll(async () => {
  await terminal?.close();
  await registry.close();
  await model.close();
  await sandbox.remove();
});

describe('after `opencode plugin opencode-delegate --global`', () => {
  it('a person at a terminal is told, and the model woken, with no other configuration', async () => {
    const folder = join(sandbox.env.HOME ?? '', '.config', 'opencode');
    const configuration = readdirSync(folder)
      .filter((name) => /^opencode\.jsonc?$/.test(name))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(configuration.join()).toMatch(/"plugin": \[\s*"opencode-delegate(@[^"]+)?"\s*\]/);

    const gates = scriptDelegating(model, {
      prompts: ['count the stars', 'name the winds'],
      onNotice: (request) => {
        const next = idsIn(request)[request.toolResults.length];
        return next === undefined ? {text: 'Both results are here.'} : read(next);
      },
    });
    terminal = openTerminal(sandbox, 'opencode');
    await terminal.shows('Ask anything');
    terminal.type('go and delegate');
    await terminal.shows('go and delegate');
    terminal.type('\r');
    await terminal.shows('Carrying on.');

    gates.get('count the stars')?.open();
    await terminal.shows('Delegation completed');
    await terminal.shows('count the stars (');
    gates.get('name the winds')?.open();
    await terminal.shows('Both results are here.');
    // What the model is told is not shown as something that the person said.
    expect(terminal.screen()).toContain(`${PREFIX}delegation_read`);
    expect(terminal.screen()).not.toContain('task-');

    const woken = model.requests.findLast(({prompt}) => prompt.includes('<task-notification>'));
    expect(woken?.prompt).toMatch(/<title>name the winds<\/title>[\s\S]*<remaining>0<\/remaining>/);
    expect(woken?.toolResults.join()).toMatch(/Answer to count the stars[\s\S]*Answer to name the winds/);
    // What was told silently stands before it, and made for no turn of its own.
    const told = model.requests.filter(({prompt}) => prompt.includes('<title>count the stars</title>'));
    expect(told).toEqual([]);
    expect(JSON.stringify(woken?.messages)).toMatch(/count the stars<\/title>.*<remaining>1<\/remaining>/);
    // It is all read, so nothing is kept for the session.
    const notices = join(sandbox.dataDir, '.notices');
    await eventually(
      () =>
        existsSync(notices) &&
        readdirSync(notices).every((session) => readdirSync(join(notices, session)).join() === 'holder'),
    );
    const [id = ''] = /[a-z]+-[a-z]+-[a-z]+(?=<\/task-id>)/.exec(woken?.prompt ?? '') ?? [];
    expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toMatch(/^read: /m);
  }, 240_000);
});
