import {execFileSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import {parseRecord, renderRecord} from '../../src/store/record/record.ts';
import {DOCUMENTS} from '../support/documents.ts';
import {Page} from '../support/markdown.ts';
import {BIN} from '../support/sandbox.ts';

describe('the page about files', () => {
  it('shows a record as the program writes it, to the letter', () => {
    const record = `${new Page('docs/files.md').fence('## A record', 'markdown')}\n`;
    expect(renderRecord(parseRecord(record, 'shop-8041473c'))).toBe(record);
  });
});

describe('the commands in the documents', () => {
  const help = execFileSync(process.execPath, [BIN, '--help'], {encoding: 'utf8'});
  const settings = /(\S+) lists them\./.exec(help)?.[1] ?? '';

  it.each(DOCUMENTS)('are those that the program has ($path)', ({fences}) => {
    for (const [, command] of fences.join('\n').matchAll(/^opencode-delegate ([a-z]+)/gm)) {
      expect(help).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    }
  });

  it('and the program names the page about settings', () => {
    expect(DOCUMENTS.map(({path}) => path)).toContain(settings);
    expect(new Page(settings).table('# Settings')).not.toEqual([]);
  });
});
