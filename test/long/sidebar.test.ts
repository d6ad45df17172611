import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {delegate, idsIn, scriptDelegating} from '../support/delegating-script.ts';
import {installPlugin} from '../support/plugin-sandbox.ts';
import {eventually} from '../support/processes.ts';
import type {Registry} from '../support/registry.ts';
import {createSandbox, HOST_MODE, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {openTerminalOf, type Terminal, type TerminalSize} from '../support/terminal.ts';

const WIDE = {columns: 160, rows: 45};
const NARROW = {columns: 60, rows: 30};
/** Notices for the desktop that a terminal was given. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal is asked for a notice by these.
const noticesOf = (opened: Terminal) => opened.written().match(/\x1b\]9;[^\x07\x1b]*count the stars/g) ?? [];

/** It could wipe out the screen, and turn what follows around. */
const COMMAND = 'touch touched.txt # \x1b[2J\u202e all';

let model: ScriptedModel;
let sandbox: Sandbox;
let registry: Registry;
let terminal: Terminal | undefined;

beforeEach(async () => {
  model = await ScriptedModel.start();
  sandbox = createSandbox({modelUrl: model.url, config: {permission: {bash: 'ask'}}});
  registry = await installPlugin(sandbox);
});

afterEach(async () => {
  await terminal?.close();
  await registry.close();
  await model.close();
  await sandbox.remove();
});

const configFile = () => join(sandbox.env.HOME ?? '', '.config', 'opencode', 'tui.json');

/** Opens OpenCode, and has its model delegate. */
async function openDelegating(size: TerminalSize, env: Record<string, string> = {}): Promise<Terminal> {
  const opened = openTerminalOf(size, {...sandbox, env: {...sandbox.env, ...env}}, 'opencode');
  terminal = opened;
  await opened.shows('Ask anything');
  await opened.say('go and delegate');
  await opened.shows('Carrying on.');
  return opened;
}

/** What stands in the sidebar, or in a dialog, on lines of their own. */
const linesWith = (opened: Terminal, text: string) =>
  opened
    .screen()
    .split('\n')
    .filter((line) => line.includes(text));

describe('OpenCode with the terminal plugin', () => {
  it('shows how a delegation stands, announces its end once, and opens its result from a slash command', async () => {
    const config = JSON.parse(readFileSync(configFile(), 'utf8'));
    expect(config.plugin).toEqual([expect.stringMatching(/^opencode-delegate(@.*)?$/)]);
    // The machine has no sound card, and what ALSA says of that would stand across the screen.
    writeFileSync(configFile(), JSON.stringify({...config, attention: {enabled: true, sound: false}}));

    const gates = scriptDelegating(model, {prompts: ['count the stars']});
    const opened = await openDelegating(WIDE, {OPENTUI_NOTIFICATION_PROTOCOL: 'osc9'});
    await opened.shows('• count the stars');
    await opened.shows('1 running');
    expect(opened.screen()).toMatch(/Delegations\s*\n[^\n]*• count[^\n]*\n[^\n]*running/);

    // The person looks at another window meanwhile.
    opened.type('\x1b[O');
    gates.get('count the stars')?.open();
    await opened.shows('completed');
    await eventually(() => !opened.screen().includes('1 running'));
    await eventually(() => noticesOf(opened).length > 0);
    opened.type('\x1b[I');

    await opened.say('/delegations');
    await opened.shows('not read yet');
    opened.type('\r');
    await opened.shows('Read the result');
    opened.type('\r');
    await opened.shows('Answer to count');
    // Several redraws later, it has still been announced once.
    expect(noticesOf(opened)).toHaveLength(1);
  });

  it('has room for it in a narrow terminal, where there is no sidebar', async () => {
    const gates = scriptDelegating(model, {prompts: ['count the stars']});
    const opened = await openDelegating(NARROW);
    await opened.shows('1 running');
    await opened.say('/delegations');
    await opened.shows('count the stars');
    await opened.shows('Search');
    opened.type('\x1b');
    await eventually(() => !opened.screen().includes('Search'));
    gates.get('count the stars')?.open();
    await eventually(() => !opened.screen().includes('1 running'));
  });

  it('goes to the session of a delegation, and cancels it', async () => {
    scriptDelegating(model, {prompts: ['count the stars']});
    const opened = await openDelegating(WIDE);
    await opened.shows('• count the stars');
    await opened.say('/delegation-cancel');
    await opened.shows('Search');
    opened.type('\r');
    await opened.shows('Cancel this delegation?');
    opened.type('\r');
    await opened.shows('cancelled ');
    await opened.say('/delegation-open');
    await opened.shows('Search');
    opened.type('\r');
    await opened.shows('Parent');
  });

  it.skipIf(HOST_MODE === 'off')('answers a request from a dialog', async () => {
    model.script(({prompt, toolResults, tools, ...request}) => {
      if (tools.length === 0) return {text: 'A title'};
      if (prompt === 'touch it') {
        return toolResults.length > 0
          ? {text: 'It is touched.'}
          : {tool: 'bash', input: {command: COMMAND, description: 'a command'}};
      }
      return idsIn({prompt, toolResults, tools, ...request}).length === 0
        ? delegate('touch it')
        : {text: 'Carrying on.'};
    });
    const opened = await openDelegating(WIDE, {OPENCODE_DELEGATE_ON_ASK: 'wait'});
    await opened.shows('1 needs you');
    await opened.shows('needs you ');
    expect(opened.screen()).toContain('go and delegate');
    await opened.say('/delegation-reply');
    await opened.shows('Search');
    opened.type('\r');
    await opened.shows('Allow, this once');
    opened.type('\r');
    await opened.shows('Allow, this once?');
    await opened.shows('Confirm');
    expect(linesWith(opened, String.raw`touch touched.txt # \u{1b}[2J\u{202e} all`)).not.toEqual([]);
    expect(existsSync(join(sandbox.project, 'touched.txt'))).toBe(false);
    opened.type('\r');
    await opened.shows('completed');
    expect(existsSync(join(sandbox.project, 'touched.txt'))).toBe(true);
  });
});
