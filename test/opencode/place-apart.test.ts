import {lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {keepApart} from '../../src/opencode/keeper/keep-apart.ts';
import {serveCommand} from '../../src/opencode/server/serve-command.ts';

const SETTINGS = {
  ...{binary: 'opencode', port: 1, sandbox: undefined, worktrees: '/worktrees', use: 'work'},
  ...{password: {kept: 'kept', shown: 'shown'}, isAnswered: false, readOnlyTools: []},
} as never as Parameters<typeof serveCommand>[0];

it('an OpenCode that keeps its files apart has the logins of the person, and writes a new one there', async () => {
  const root = mkdtempSync(join(tmpdir(), 'opencode-delegate-apart-'));
  onTestFinished(() => rmSync(root, {recursive: true}));
  const [keptIn, theirs] = [join(root, 'own'), join(root, 'home/.local/share/opencode')];
  mkdirSync(theirs, {recursive: true});
  writeFileSync(join(theirs, 'auth.json'), 'one');
  const env = {HOME: join(root, 'home')};
  await serveCommand({...SETTINGS, env});
  // As often as one starts there.
  for (const _ of [1, 2]) {
    const {env: own} = await serveCommand({...SETTINGS, env, keptIn});
    // What it starts has the place of the person: the keeper puts it back.
    expect(own.XDG_DATA_HOME).toBeUndefined();
    expect(own.OPENCODE_DELEGATE_KEPT_IN).toBe(keptIn);
  }
  for (const name of ['auth.json', 'mcp-auth.json']) {
    expect(lstatSync(join(keptIn, 'opencode', name)).isSymbolicLink()).toBe(true);
    writeFileSync(join(keptIn, 'opencode', name), 'two');
    expect(readFileSync(join(theirs, name), 'utf8')).toBe('two');
  }
});

it.each([{}, {XDG_DATA_HOME: '/data'}])('what was there is put back: %o', (before) => {
  const env: NodeJS.ProcessEnv = {...before};
  const putBack = keepApart('/own', env);
  expect(env).toEqual({XDG_DATA_HOME: '/own'});
  putBack();
  expect(env).toEqual(before);
});
