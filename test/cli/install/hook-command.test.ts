import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {KnownClient} from '../../../src/cli/clients/client.ts';
import {clientsFor} from '../../../src/cli/clients/places.ts';
import {hookCommand, hookStartIn, isHookCommand} from '../../../src/cli/install/hook-command.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.cjs');
const [codex] = clientsFor({env: {HOME: '/home/ada', PATH: '/nowhere'}, cwd: '/'}).filter(
  ({name}) => name === 'codex',
) as [KnownClient];

describe('a command of a client’s hooks', () => {
  it.each([
    {command: 'opencode-delegate', args: []},
    {command: 'node', args: [MAIN]},
    {command: '/opt/my $node "x"/node', args: ['/it`s/here\\main.js']},
    {command: 'C:\\Program Files\\node.exe', args: ['C:\\x\\main.js']},
  ])('is read as it was written: %j', (program) => {
    const written = hookCommand(program, 'prompt', 'codex');
    expect(hookStartIn(written)).toEqual({program, event: 'prompt', client: 'codex'});
  });

  it.each([
    ['opencode-delegate hook prompt --client codex'],
    [`node ${MAIN} hook prompt --client codex`],
    [`'node'  "${MAIN}" hook prompt --client 'codex'`],
    ['npx -y opencode-delegate@1 hook prompt --client codex'],
    // Its folder of results is another one.
    ["OPENCODE_DELEGATE_DATA_DIR='/my results' opencode-delegate hook prompt --client codex"],
  ])('is ours where it starts us: %s', (text) => {
    expect(isHookCommand(text, 'prompt', codex)).toBe(true);
  });

  it.each([
    ['another program', 'my-notes hook prompt --client codex'],
    ['another package', 'npx opencode-delegate-notes hook prompt --client codex'],
    ['another program that is given ours', 'my-notes opencode-delegate hook prompt --client codex'],
    ['a script of that name', 'node ./opencode-delegate/dist/main.cjs hook prompt --client codex'],
    ['another event', 'opencode-delegate hook stop --client codex'],
    ['another client', 'opencode-delegate hook prompt --client claude-code'],
    ['more than one command', 'true; opencode-delegate hook prompt --client codex'],
    ['words alone', 'echo "opencode-delegate hook prompt --client codex"'],
    ['a quote that does not end', 'opencode-delegate hook prompt --client "codex'],
    ['nothing to start', 'hook prompt --client codex'],
  ])('is not ours where it is %s: %s', (_, text) => {
    expect(isHookCommand(text, 'prompt', codex)).toBe(false);
  });
});
