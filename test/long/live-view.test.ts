import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {runCommand} from '../support/command.ts';
import {CommandHome} from '../support/command-home.ts';
import {descendantsOf, eventually, processTable} from '../support/processes.ts';
import {BIN, createSandbox, hostsIn, type Sandbox} from '../support/sandbox.ts';
import {aShown, ScriptedHost} from '../support/scripted-host.ts';
import {openTerminalOf, type Terminal, type TerminalSize} from '../support/terminal.ts';

const [NARROW, WIDE, WIDEST] = [
  {columns: 60, rows: 24},
  {columns: 120, rows: 30},
  {columns: 200, rows: 50},
];
const CTRL_C = '\u0003';

let home: CommandHome;
let sandbox: Sandbox;

beforeAll(async () => {
  home = await CommandHome.open();
  ({sandbox} = home);
});

afterAll(() => home.close());

function openView(size: TerminalSize, where: Pick<Sandbox, 'project' | 'env'> = sandbox): Terminal {
  const terminal = openTerminalOf(size, where, process.execPath, BIN);
  onTestFinished(() => terminal.close());
  return terminal;
}

/** What comes all at once is taken for pasted text, so each part is typed when the one before is there. */
async function filterBy(view: Terminal, text: string): Promise<void> {
  view.type('/');
  await view.shows('Filter:');
  view.type(text);
  await view.shows(`Filter: ${text}`);
  view.type('\r');
  await view.hides('Filter:');
}

function rows(terminal: Terminal): readonly string[] {
  return terminal
    .screen()
    .split('\n')
    .map((row) => row.trimEnd());
}

/** Where the text begins in the row that names what runs, and in the words beside it. */
function columnOf(terminal: Terminal, text: string): number {
  return rows(terminal)[1]?.indexOf(text) ?? -1;
}

describe('the live view', () => {
  it('shows what runs and what has ended at 60 and at 120 columns, and follows the window', async () => {
    const done = await home.begin('Say hello');
    await runCommand(sandbox, ['wait', done]);
    const {id} = await home.beginHeld('Take long');
    const view = openView(NARROW);
    await view.shows('RUNNING (1)');
    await view.shows(id);
    await view.shows('NOT READ YET (');
    await view.shows('> Take long');
    expect(rows(view)[0]).toMatch(/^Delegations · 1 running · \d+ not read yet$/);
    expect(rows(view).findIndex((row) => row.startsWith('──'))).toBe(12);
    view.resize(WIDE);
    await view.hides('────');
    // Beside the list now.
    await eventually(() => /^RUNNING \(1\) +Take long$/.test(rows(view)[1] ?? ''));
    const columnAtWide = columnOf(view, 'Take long');
    view.resize(WIDEST);
    await eventually(() => rows(view)[0]?.length !== 0 && rows(view).at(-1)?.includes('? help') === true);
    await eventually(() => /^RUNNING \(1\) +Take long$/.test(rows(view)[1] ?? ''));
    expect(rows(view)).toHaveLength(WIDEST.rows);
    // There is room for the whole of a row, and for more of the words beside it.
    expect(columnOf(view, 'Take long')).toBeGreaterThan(columnAtWide);
    view.resize({columns: 70, rows: 20});
    await view.shows('────');
    expect(rows(view)).toHaveLength(20);
    expect(rows(view)[0]).toMatch(/^Delegations/);
    expect(view.written()).not.toContain('\u001b[3J');
  });

  it('reads a result, filters, and shows its help', async () => {
    const id = await home.begin('Say something to be found');
    await runCommand(sandbox, ['wait', id]);
    const view = openView(WIDE);
    await view.shows(id);
    view.type('/');
    await view.shows('Filter:');
    view.type('to be found');
    await view.shows('filter: to be found');
    await view.shows('NOT READ YET (1)');
    view.type('\r');
    await view.hides('Filter:');
    view.type('\r');
    await view.shows('Answer to Say something to be found');
    await view.shows('q back');
    view.type('?');
    await view.shows('allow what it asks for');
    view.type('q');
    await view.shows('NOT READ YET (1)');
    view.type('\u001b');
    await view.hides('filter: to be found');
    view.type('q');
    await view.exited;
  });

  it('answers what an agent asks for', async () => {
    const id = await home.begin('Ask for it');
    const view = openView(WIDE);
    await view.shows('NEEDS YOU (1)');
    await view.shows('It asks for: permission bash: true');
    view.type('a');
    await view.shows(`Allowed: ${id} goes on.`);
    await view.hides('NEEDS YOU');
    await eventually(async () => (await home.statusOf(id)) === 'completed');
  });

  it('denies it with words that the agent reads', async () => {
    const id = await home.begin('Ask in vain');
    const view = openView(NARROW);
    await view.shows('It asks for: permission bash: true');
    view.type('d');
    await view.shows('Deny. Why');
    view.type('Use the test data.');
    await view.shows('Use the test data.');
    view.type('\r');
    await view.shows(`Denied: ${id} goes on.`);
    await eventually(() =>
      home.model.requests.some(({toolResults}) => toolResults.join().includes('Use the test data.')),
    );
  });

  it('cancels when the person says so twice', async () => {
    const {id} = await home.beginHeld('Take long and be stopped');
    const view = openView(WIDE);
    await view.shows(id);
    await filterBy(view, 'stopped');
    view.type('c');
    await view.shows(`Cancel ${id}?`);
    view.type('n');
    await view.hides(`Cancel ${id}?`);
    view.type('c');
    await view.shows(`Cancel ${id}?`);
    view.type('y');
    await view.shows(`${id} has ended: cancelled.`);
    expect(await home.statusOf(id)).toBe('cancelled');
  });

  it('goes on from the records when the host dies', async () => {
    const {id} = await home.beginHeld('Take long and lose the host');
    const view = openView(WIDE);
    await view.shows('/ filter');
    await filterBy(view, 'lose the host');
    await view.shows('> Take long and lose the host');
    for (const pid of hostsIn(sandbox.runtimeDir)) process.kill(pid, 'SIGKILL');
    await view.shows('Nobody runs it: its process is gone.');
    expect(view.screen()).toContain(id);
    view.type('?');
    await view.shows('this help');
  });
});

/** Throws where nobody catches it when it is asked to, as a mistake of ours would. */
const CRASHES = `process.on('SIGUSR2', () => { throw new Error('a planted fault'); });`;

describe('leaving it', () => {
  it.each<[string, (view: Terminal) => void, string?]>([
    ['Ctrl-C', (view: Terminal) => view.type(CTRL_C)],
    ['SIGTERM', (view: Terminal) => process.kill(view.pid, 'SIGTERM')],
    ['SIGHUP', (view: Terminal) => process.kill(view.pid, 'SIGHUP')],
    ['a fault that nobody catches', (view: Terminal) => process.kill(view.pid, 'SIGUSR2'), 'a planted fault'],
  ])('by %s leaves the terminal as it was', async (_, leave, says = '') => {
    const crashes = join(sandbox.root, 'crashes.cjs');
    writeFileSync(crashes, CRASHES);
    const env = {...sandbox.env, NODE_OPTIONS: `--require ${crashes}`};
    const terminal = openTerminalOf(
      WIDE,
      {...sandbox, env},
      '/bin/sh',
      '-c',
      'cd .. && stty -a > before; echo earlier words; "$0" "$1"; stty -a > after; cmp before after && echo the same; sleep 1',
      process.execPath,
      BIN,
    );
    onTestFinished(() => terminal.close());
    await terminal.shows('? help');
    expect(terminal.modes()).toEqual({isAlternate: true, isCursorHidden: true});
    const [pid = 0] = descendantsOf(terminal.pid, processTable());
    leave({...terminal, pid});
    await terminal.shows('the same');
    for (const words of ['earlier words', says]) expect(terminal.screen()).toContain(words);
    expect(terminal.screen()).not.toContain('? help');
    expect(terminal.modes()).toEqual({isAlternate: false, isCursorHidden: false});
    await terminal.exited;
  });
});

describe('what others have written', () => {
  it('neither moves the cursor nor looks like a row, and the words of a refusal are shown', async () => {
    const other = createSandbox();
    onTestFinished(() => other.remove());
    const moving = '\u001b[2J\u001b[1;1H\r\n> swift-fake-row  completed\u202e';
    const hostile = `${moving}${'x'.repeat(10_000)}`;
    const shown = aShown({title: `Real ${hostile}`, activity: {last: hostile, at: new Date().toISOString()}});
    const host = await ScriptedHost.start(other, {
      delegations: [shown],
      entries: [
        {
          key: '1',
          at: new Date().toISOString(),
          is_below: false,
          said: {kind: 'text', text: `Said ${moving}`},
        },
      ],
    });
    onTestFinished(() => host.close());
    host.refusal = `No. ${hostile}`;
    const view = openView(WIDE, other);
    await view.shows('Real \\u{1b}[2J');
    await view.shows('Said \\u{1b}[2J');
    view.type('c');
    await view.shows('Cancel swift-amber-otter?');
    view.type('y');
    await view.shows('No. \\u{1b}[2J');
    const screen = rows(view);
    expect(screen[0]).toMatch(/^Delegations · 1 running$/);
    expect(screen.filter((row) => row.startsWith('> '))).toEqual([
      expect.stringMatching(/^> swift-amber-otter running /),
    ]);
    expect(screen.at(-1)).toContain('? help');
    expect(view.written()).not.toContain('\u202e');
    expect(view.written()).not.toContain('\u001b[1;1H\r');
  });
});

it('is not what a client gets, or a pipe', async () => {
  const {stdout, exitCode} = await runCommand(sandbox, []);
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 0});
});
