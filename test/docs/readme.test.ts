import {describe, expect, it} from 'vitest';
import {TOOL_DEFINITIONS} from '../../src/mcp/server.ts';
import {oldestOpenCode, packageJson} from '../support/code-facts.ts';
import {DOCS, DOCUMENTS} from '../support/documents.ts';
import {codes, Page, readText} from '../support/markdown.ts';

/** It is an entrance: what is longer has a page. */
const MAX_LINES = 200;

const readme = new Page('README.md');
const clients = new Page('docs/clients.md');

describe('the README', () => {
  it('is short enough for an entrance', () => {
    expect(readme.text.split('\n').length).toBeLessThanOrEqual(MAX_LINES);
  });

  it('lists every page with its title', () => {
    const listed = readme.table('## Documentation').map(([page = '']) => /^\[(.+)\]\((.+)\)$/.exec(page));
    expect(listed.map((match) => match?.[2]).sort()).toEqual(DOCS);
    for (const [, title, path = ''] of listed.map((match) => match ?? [])) {
      expect(readText(path).split('\n')[0]).toBe(`# ${title}`);
    }
  });

  it('names the tools that the server offers, in the same order', () => {
    const names = readme.table('## Tools').map(([name = '']) => codes(name)[0]);
    expect(names).toEqual(TOOL_DEFINITIONS.map(({name}) => name));
  });

  it('says which Node and which OpenCode it takes', () => {
    expect(readme.text).toContain(`Node ${packageJson().engines.node.replace('>=', '')} or later`);
    expect(readme.text).toContain(`OpenCode ${oldestOpenCode()} or later`);
  });

  it('answers each of the failures that it names', () => {
    const failures = readme.table('## Why');
    expect(failures.map(([failure = '']) => /^\*\*(.+?)\.?\*\*/.exec(failure)?.[1])).toEqual([
      'Lost results',
      'Permission prompts that nobody sees',
      'Polling',
      'Dead on restart',
      'Empty success',
      'Dirty worktrees',
    ]);
    for (const [, answer] of failures) expect(answer).toContain('](docs/');
  });

  it.each(['OpenCode', 'Claude Code', 'Codex'])('installs in %s with the command of its page', (client) => {
    const command = clients.fence(`## ${client}`, 'sh');
    const [, text = ''] = readme.section('## Quick start').split(`**${client}**`);
    expect(/```sh\n(.*)\n```/.exec(text)?.[1]).toBe(command);
  });

  it('installs the package as the page about clients does', () => {
    expect(readme.section('## Quick start')).toContain(
      `\`\`\`sh\n${clients.fence('## Install', 'sh')}\n\`\`\``,
    );
  });
});

describe('the commands for a newcomer', () => {
  it.each(['npm install && npm run demo', 'npm install && npm test'])(
    'have `%s` on a line of its own, and package.json has the script',
    (command) => {
      expect(readme.text).toContain(`\`\`\`sh\n${command}\n\`\`\``);
      expect(packageJson().scripts).toHaveProperty([command.split(' ').at(-1) ?? '']);
    },
  );

  it('include the very command that the gate runs', () => {
    expect(readText('.ci/run').trimEnd().split('\n').at(-1)).toBe('npm install && npm test');
  });

  it.each(DOCUMENTS)('are scripts that package.json has in $path', ({text}) => {
    const named = [...text.matchAll(/npm run ([\w-]+)/g)].map(([, script]) => script);
    expect(Object.keys(packageJson().scripts)).toEqual(expect.arrayContaining(named));
  });
});
