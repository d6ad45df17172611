import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {EVENTS, HOOK_CLIENTS, type HookCall, type Reach} from '../../src/hook/clients/protocol.ts';
import {recognise} from '../../src/hook/recognise.ts';
import {MAX_NAMED} from '../../src/hook/words.ts';
import {constant} from '../support/code-facts.ts';
import {HOOK_INPUTS} from '../support/hook-inputs.ts';
import {Page} from '../support/markdown.ts';

const page = new Page('docs/hooks.md');
const rows = page.table('# The hook');
const NAMES: Readonly<Record<string, string>> = {
  ...{'Claude Code': 'claude-code', Codex: 'codex', 'Gemini CLI': 'gemini', Cursor: 'cursor'},
  'VS Code': 'vscode',
};
const WORDS: Readonly<Record<Reach, RegExp>> = {model: /^the model/, person: /^you$/, nobody: /^nobody$/};

const entry = z.object({type: z.literal('command').optional(), command: z.string()});
/** Claude Code, Codex and Gemini CLI have groups; Cursor and VS Code have none. */
const configuration = z.object({
  hooks: z.record(z.string(), z.array(z.union([entry, z.object({hooks: z.array(entry)})]))),
});

/** What the client's own event does; `undefined` where the hook has nothing to do with it. */
function callOf(client: string, event: string): HookCall | undefined {
  const [, , input] = HOOK_INPUTS.find(([name, one]) => name === client && one === event) ?? [];
  return input && recognise(input, {client: undefined, event: undefined})?.call;
}

describe('the page about the hook', () => {
  it.each(rows)('says whom it reaches in %s', (client = '', ...cells) => {
    const name = NAMES[client] ?? '';
    for (const [n, event] of EVENTS.entries()) {
      const reach = callOf(name, event)?.reach ?? 'nobody';
      expect(cells[n], `${client}, ${event}`).toMatch(WORDS[reach]);
    }
  });

  it('has each client with a section of its own, but for OpenCode, which has a plugin', () => {
    expect(rows.map(([client = '']) => NAMES[client])).toEqual(
      HOOK_CLIENTS.filter((name) => name !== 'opencode'),
    );
  });

  it.each(Object.entries(NAMES))('sets up the hook of %s as it is read', (heading, name) => {
    const {hooks} = configuration.parse(page.json(`## ${heading}`));
    const commands = Object.entries(hooks).flatMap(([own, groups]) =>
      groups
        .flatMap((group) => ('hooks' in group ? group.hooks : [group]))
        .map(({command}) => [own, command] as const),
    );
    const expected = HOOK_INPUTS.filter(([client]) => client === name).map(([client, event, input]) => [
      input.hook_event_name ?? input.hookEventName,
      `opencode-delegate hook ${event} --client ${client}`,
    ]);
    expect(commands).toEqual(expected);
  });

  it('states the numbers that the code has', () => {
    expect(page.text).toContain(
      `ends after ${constant('LIMIT_MS', 'run-hook.ts') / 1_000} seconds at the latest`,
    );
    expect(page.text).toContain(`waits ${constant('INPUT_MS', 'run-hook.ts') / 1_000} second at most`);
    expect(MAX_NAMED).toBe(10);
    expect(page.text).toContain('Ten are named at most');
  });
});

describe('the table of clients', () => {
  const clients = new Page('docs/clients.md').table('# Clients');

  it.each(Object.keys(NAMES))('says how the hook tells %s', (client) => {
    const [, sees = ''] = clients.find(([name]) => name === client) ?? [];
    expect(sees).toContain('[the hook](hooks.md)');
    const reach = callOf(NAMES[client] ?? '', 'prompt')?.reach;
    if (reach === 'model') expect(sees).toMatch(/brings each end/);
    else expect(sees).toContain('shows it to you');
  });
});
