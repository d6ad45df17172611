import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {SHOWN_COMMANDS} from '../../src/cli/commands.ts';
import type {NamedCommand} from '../../src/cli/line/command.ts';
import {completionScript, SHELLS} from '../../src/cli/line/completion.ts';

let folder: string;
let commands: readonly NamedCommand[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-completion-'));
  commands = await Promise.all(
    Object.entries(SHOWN_COMMANDS).map(async ([name, {summary, load}]) => ({
      ...{name, summary, command: await load()},
    })),
  );
  // Stands for the program that is installed.
  const program = join(folder, 'opencode-delegate');
  writeFileSync(program, '#!/bin/sh\n[ "$1" = __ids ] && echo swift-amber-otter && echo calm-blue-fox\n', {
    mode: 0o755,
  });
  for (const shell of SHELLS) writeFileSync(join(folder, shell), completionScript(shell, commands));
});

afterAll(() => rmSync(folder, {recursive: true, force: true}));

/** What bash offers for the last of these words. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `source '${join(folder, 'bash')}'
COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 ))
_opencode_delegate
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const {stdout, stderr} = spawnSync(
    'bash',
    ['--norc', '-c', script, 'bash', 'opencode-delegate', ...words],
    {
      env: {PATH: `${folder}:${process.env.PATH}`},
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

/** What fish offers for the last of these words. */
function offeredByFish(...words: readonly string[]): readonly string[] {
  const line = ['opencode-delegate', ...words].join(' ');
  const script = `source '${join(folder, 'fish')}'; complete -C '${line}'`;
  const env = {PATH: `${folder}:${process.env.PATH}`, HOME: folder};
  const {stdout, stderr} = spawnSync('fish', ['--no-config', '-c', script], {
    env,
    encoding: 'utf8',
    cwd: folder,
  });
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((offer) => offer.split('\t')[0] ?? '');
}

const OFFERS: readonly (readonly [what: string, words: readonly string[], expected: readonly string[]])[] = [
  ['commands', ['co'], ['continue', 'completion']],
  ['ids', ['show', ''], ['swift-amber-otter', 'calm-blue-fox']],
  ['ids that begin so', ['wait', 'swift-amber-otter', 'ca'], ['calm-blue-fox']],
  ['options', ['list', '--s'], ['--status', '--since', '--search']],
  ['values of an option', ['list', '--status', 'ru'], ['running']],
  ['values of another', ['run', '--access', ''], ['agent', 'read-only', 'worktree']],
  ['shells', ['completion', 'z'], ['zsh']],
  ['commands after help', ['help', 'sto'], ['stop']],
];

describe('completion in bash', () => {
  it.each([...OFFERS, ['nothing where nothing is known', ['run', 'x'], ['']] as const])(
    'offers %s',
    (_, words, expected) => {
      expect([...offered(...words)].sort()).toEqual([...expected].sort());
    },
  );
});

describe.skipIf(spawnSync('fish', ['--version']).status !== 0)('completion in fish', () => {
  it.each(OFFERS)('offers %s', (_, words, expected) => {
    expect([...offeredByFish(...words)].sort()).toEqual([...expected].sort());
  });
});

describe.each(SHELLS)('the script for %s', (shell) => {
  const isThere = spawnSync(shell, ['--version']).status === 0;

  it.skipIf(!isThere)('is understood by that shell', () => {
    const {status, stderr} = spawnSync(shell, ['-n', join(folder, shell)], {encoding: 'utf8'});
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
  });

  it('knows every command with its options', () => {
    const script = completionScript(shell, commands);
    for (const {name, command} of commands) {
      expect(script).toContain(name);
      for (const option of Object.keys(command.options))
        expect(script, `${name} --${option}`).toContain(shell === 'fish' ? `-l ${option}` : `--${option}`);
    }
  });
});
