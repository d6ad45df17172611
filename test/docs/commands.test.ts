import {describe, expect, it} from 'vitest';
import {SHOWN_COMMANDS} from '../../src/cli/commands.ts';
import {EXIT} from '../../src/cli/line/command.ts';
import {shownDelegation} from '../../src/control/shown.ts';
import {codes, Page} from '../support/markdown.ts';

const page = new Page('docs/commands.md');

describe('the page about commands', () => {
  it('has every command once, and shows each at work', () => {
    const named = page.table('# Commands').map(([command = '']) => codes(command)[0]?.split(' ')[0] ?? '');
    expect([...named].sort()).toEqual(Object.keys(SHOWN_COMMANDS).sort());
    const lines = page.fences.join('\n');
    for (const name of named.filter((one) => one !== 'trust'))
      expect(lines).toMatch(new RegExp(`\\bopencode-delegate ${name}\\b`));
  });

  it('uses only options that the commands have', async () => {
    for (const [, name = '', rest = ''] of page.fences
      .join('\n')
      .matchAll(/opencode-delegate ([a-z]+)([^\n&|>]*)/g)) {
      const command = await SHOWN_COMMANDS[name]?.load();
      for (const [, option = ''] of rest.matchAll(/ --([a-z-]+)/g))
        expect(Object.keys(command?.options ?? {}), `${name} --${option}`).toContain(option);
    }
  });

  it('explains every exit code', () => {
    const explained = page.table('## Exit codes').map(([code]) => Number(code));
    expect(explained).toEqual([...new Set(Object.values(EXIT))].sort((a, b) => a - b));
  });

  it('explains every key of the JSON', () => {
    const keys = page.table('## JSON').flatMap(([names = '']) => codes(names));
    expect([...keys].sort()).toEqual(Object.keys(shownDelegation.shape).sort());
  });

  it('has examples in the help of every command', async () => {
    for (const [name, {load}] of Object.entries(SHOWN_COMMANDS))
      for (const [line] of (await load()).examples) expect(line.split(' ')[0]).toBe(name);
  });
});
