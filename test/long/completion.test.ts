import {spawnSync} from 'node:child_process';
import {appendFileSync, chmodSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, it, onTestFinished} from 'vitest';
import {SHELLS} from '../../src/cli/line/completion.ts';
import {writeRecords} from '../bench/records.ts';
import {runCommand} from '../support/command.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {openTerminal} from '../support/terminal.ts';

type Shell = (typeof SHELLS)[number];

/** Where docs/commands.md has people put the script. */
const FILES: Readonly<Record<Shell, string>> = {
  bash: '.bashrc',
  zsh: '.zshrc',
  fish: '.config/fish/completions/opencode-delegate.fish',
};
const PROMPT = 'ready>';
/** What stands in these files before it. */
const BEFORE: Readonly<Record<Shell, string>> = {
  bash: `PS1='${PROMPT} '\n`,
  zsh: `PROMPT='${PROMPT} '\nautoload -Uz compinit && compinit -u\n`,
  fish: '',
};

let sandbox: Sandbox;
let id: string;

const home = (...path: readonly string[]) => join(sandbox.env.HOME ?? '', ...path);

beforeAll(async () => {
  sandbox = createSandbox();
  ({
    read: [id = ''],
  } = await writeRecords(sandbox, {count: 1, unread: 0}));
  mkdirSync(home('bin'));
  // As npm does when it installs.
  chmodSync(BIN, 0o755);
  symlinkSync(BIN, home('bin', 'opencode-delegate'));
  sandbox.env.PATH = `${home('bin')}:${sandbox.env.PATH}`;
  mkdirSync(home('.config', 'fish'), {recursive: true});
  // Where one of them is there, fish does not read all manual pages when it first starts.
  for (const folder of [['.cache'], ['.local', 'share']])
    mkdirSync(home(...folder, 'fish', 'generated_completions'), {recursive: true});
  writeFileSync(home('.config', 'fish', 'config.fish'), `function fish_prompt; echo -n '${PROMPT} '; end\n`);
});

afterAll(() => sandbox.remove());

describe.each(SHELLS)('in %s at a terminal', (shell) => {
  const isThere = spawnSync(shell, ['--version']).status === 0;

  it.skipIf(!isThere)('Tab completes a command, an option, and the id of a delegation', async () => {
    const {stdout} = await runCommand(sandbox, ['completion', shell]);
    const file = home(FILES[shell]);
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, BEFORE[shell]);
    appendFileSync(file, stdout);
    const terminal = openTerminal(sandbox, shell, '-i');
    onTestFinished(() => terminal.close());
    await terminal.shows(PROMPT);
    terminal.type('opencode-delegate sho\t');
    await terminal.shows('opencode-delegate show ');
    terminal.type('--ra\t');
    await terminal.shows('show --raw ');
    terminal.type(`${id.slice(0, 4)}\t`);
    await terminal.shows(`show --raw ${id}`);
  });
});
