import {readdirSync, readFileSync} from 'node:fs';
import {createConnection} from 'node:net';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {describe, expect, it, onTestFinished} from 'vitest';
import {z} from 'zod';
import {CONTROL_VERSION, type ControlAnswer, controlAnswer} from '../../src/control/protocol.ts';
import {Arrivals} from '../support/arrivals.ts';
import {beginCommand, runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {eventually, processesIn, signalEach} from '../support/processes.ts';
import {hostsIn, type Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {shareHome} from '../support/shared-home.ts';

const {version} = z
  .object({version: z.string()})
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

const WAITING = {
  OPENCODE_DELEGATE_HOST: 'on',
  OPENCODE_DELEGATE_ON_ASK: 'wait',
  OPENCODE_DELEGATE_ASK_SECONDS: '600',
};
const HELLO = {'opencode-delegate': 2, control: CONTROL_VERSION, version, cwd: '/', env: {}};
/** Begins a line, hides, turns the direction, and moves the cursor, where a terminal would let it. */
const HOSTILE = 'Fine\r\n\u001b[2K\u001b[1Aswift-amber-otter  completed\u202e\u0007';

/** For tests that leave the host alive. */
const home = shareHome({config: {permission: {bash: {'*': 'allow', true: 'ask'}}}});

/** A tool of somebody's own at the socket of the host, without any code of ours between. */
async function connectTool(sandbox: Sandbox, hello: object = HELLO) {
  const name = readdirSync(sandbox.runtimeDir).find((one) => one.endsWith('.sock')) ?? '';
  const socket = createConnection(join(sandbox.runtimeDir, name));
  onTestFinished(() => void socket.destroy());
  const lines = new Arrivals<Record<string, unknown>>();
  createInterface({input: socket}).on('line', (line) => lines.add(JSON.parse(line)));
  const answers = () =>
    lines.all.flatMap((line) => (line.id === undefined ? [] : [controlAnswer.parse(line)]));
  const send = (text: string) => socket.write(`${text}\n`);
  send(JSON.stringify(hello));
  return {
    send,
    answers,
    greeting: () => lines.first(() => true),
    ask: (request: {readonly id: number}): Promise<ControlAnswer> => {
      send(JSON.stringify(request));
      return lines.first((line) => line.id === request.id).then((line) => controlAnswer.parse(line));
    },
    closed: new Promise<void>((resolve) => socket.once('close', () => resolve())),
  };
}

describe('a tool at the socket of the host', () => {
  it('of another version of the protocol is refused in words', async () => {
    const {sandbox, open} = home.scene();
    await open({env: WAITING});
    const tool = await connectTool(sandbox, {...HELLO, control: 99, version: '9.9.9'});
    expect(await tool.greeting()).toMatchObject({
      ...{refused: true, exitCode: 2},
      message: expect.stringMatching(/is of opencode-delegate 9\.9\.9, .* do not understand each other/),
    });
    await tool.closed;
  });

  it('is answered under its id whatever it asks, and follows what runs to its end', async () => {
    const gate = createGate();
    const {sandbox, open} = home.scene(async () => {
      await gate.opened;
      return {text: 'Done.'};
    });
    onTestFinished(() => gate.open());
    const client = await open({env: WAITING});
    const tool = await connectTool(sandbox);
    expect(await tool.greeting()).toMatchObject({welcome: true});
    tool.send('no JSON');
    const wrong = [
      {id: 1, op: 'dance'},
      {id: 2, op: 'cancel', project: 'p'},
      {id: 3, op: 'cancel', project: 'p', delegation: 'never-was-here'},
      {id: 4, op: 'start', directory: sandbox.project, prompt: ''},
    ];
    for (const request of wrong)
      expect((await tool.ask(request)).error, JSON.stringify(request)).toBeTruthy();
    expect(tool.answers()[0]).toMatchObject({id: 0, error: expect.stringContaining('no JSON'), done: true});
    expect(await tool.ask({id: 5, op: 'open', follow: true} as {id: number})).toMatchObject({
      delegations: [],
      done: false,
    });
    const id = await client.delegate('Work');
    const of = () => tool.answers().flatMap((answer) => (answer.id === 5 ? (answer.delegations ?? []) : []));
    await eventually(() => of().some((one) => one.id === id && one.status === 'running'));
    gate.open();
    await client.read(id);
    await eventually(() => of().some((one) => one.ended_at !== undefined));
    expect(of().filter((one) => one.ended_at !== undefined)).toMatchObject([{id, status: 'completed'}]);
  });
});

describe('a person and a model', () => {
  it('that answer the same request: the first one wins, and the second is told', async () => {
    const {sandbox, open} = home.scene(({toolResults}) =>
      toolResults.length === 0 ? {tool: 'bash', input: {command: 'true', description: 'x'}} : {text: 'Done.'},
    );
    const client = await open({env: WAITING});
    const id = await client.delegate('Ask');
    await client.read(id);
    expect((await runCommand(sandbox, ['reply', id, 'allow'])).exitCode).toBe(0);
    const second = await client.call('delegation_reply', {id, decision: 'deny'});
    expect(second.isError).toBe(true);
    expect((await client.read(id)).blocks[1]).toBe('Done.');
  });
});

describe('the host', () => {
  it('dies under commands that follow it: they say so, or go on, and tell the true end', async () => {
    const {sandbox, open} = await setScene(() => ({stall: 'Half of'}));
    const client = await open({env: WAITING});
    const id = await client.delegate('Work');
    const commands = [
      beginCommand(sandbox, ['watch', id]),
      beginCommand(sandbox, ['wait', id, '--exit-status']),
      beginCommand(sandbox, ['logs', id, '-f']),
    ];
    for (const {end} of commands) onTestFinished(end);
    const [watch, wait, logs] = commands;
    await eventually(() => watch?.printed().includes('writing') === true);
    await eventually(() => logs?.printed().includes('Half of') === true);
    signalEach(hostsIn(sandbox.runtimeDir), 'SIGKILL');
    expect(await logs?.ended).toBe(0);
    // A new host gives it its end.
    await open({env: WAITING});
    expect(await wait?.ended).toBe(1);
    expect(await watch?.ended).toBe(1);
    expect(wait?.printed()).toMatch(new RegExp(`^${id} · interrupted · `, 'm'));
  });

  it('is not started by a look, and what nobody runs is said to be so', async () => {
    const {sandbox, open} = await setScene(() => ({stall: 'Half of'}));
    const client = await open({env: WAITING});
    const id = await client.delegate('Work');
    await eventually(async () => (await runCommand(sandbox, ['list'])).stdout.includes('writing'));
    // A bridge would start another one.
    await client.close();
    const [host = 0] = hostsIn(sandbox.runtimeDir);
    signalEach([host], 'SIGKILL');
    await eventually(() => !processesIn(sandbox.root).some(({pid}) => pid === host));
    expect((await runCommand(sandbox, ['list'])).stdout).toContain(`RUNNING (1)\n${id}`);
    expect((await runCommand(sandbox, ['show', id])).stdout).toContain(
      'Nobody runs it: its process is gone.',
    );
    expect(hostsIn(sandbox.runtimeDir)).toEqual([host]);
  });

  it('of another data folder is in the list of all', async () => {
    const {sandbox, open} = home.scene(() => ({stall: 'Half of'}));
    const elsewhere = {...WAITING, OPENCODE_DELEGATE_DATA_DIR: join(sandbox.root, 'elsewhere')};
    const [one, two] = await Promise.all([open({env: WAITING}), open({env: elsewhere})]);
    const ids = await Promise.all([one.delegate('Here'), two.delegate('There')]);
    const {stdout} = await runCommand(sandbox, ['list', '--all']);
    for (const id of ids) expect(stdout).toContain(id);
  });
});

it('hostile text moves no cursor and fakes no line in anything that a command prints', async () => {
  const {sandbox, open} = home.scene(({toolResults}) =>
    toolResults.length === 0
      ? {tool: 'bash', input: {command: `printf '${HOSTILE}'`, description: HOSTILE}}
      : {text: `${HOSTILE}\n${'long '.repeat(2_000)}`},
  );
  const client = await open({env: WAITING});
  const id = await client.delegate(HOSTILE);
  await client.read(id);
  for (const args of [
    ['list'],
    ['show', id],
    ['logs', id],
    ['logs', id, '--full'],
    ['watch', id],
    ['wait', id],
  ]) {
    const {stdout} = await runCommand(sandbox, args);
    expect(stdout, args.join(' ')).toContain('Fine');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
    expect(stdout, args.join(' ')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  const {stdout} = await runCommand(sandbox, ['list']);
  expect(stdout.split('\n').filter((line) => line.startsWith('swift-amber-otter'))).toEqual([]);
});
