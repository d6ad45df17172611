import {describe, expect, it} from 'vitest';
import type {ConnectOptions} from '../support/client.ts';
import {eventually, openCodeIn, processesIn, signalEach} from '../support/processes.ts';
import {hostsIn} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import type {Script} from '../support/scripted-model.ts';

const HOST = {env: {OPENCODE_DELEGATE_HOST: 'on', OPENCODE_DELEGATE_SERVER_IDLE_SECONDS: '300'}};

/** Each agent looks what a variable is, and answers with that. */
const looks: Script = ({toolResults}) =>
  toolResults.length > 0
    ? {text: `It is ${toolResults.at(-1)}`}
    : {tool: 'bash', input: {command: 'echo "[$KUBECONFIG] [$TMUX]"', description: 'look'}};

describe('one host', () => {
  const client = (env: Record<string, string>): ConnectOptions => ({env});

  it('gives each agent exactly the environment of the client that asked, with a server for each', async () => {
    const {sandbox, open} = await setScene(looks, HOST);
    const one = await open(client({KUBECONFIG: '/of/one', TMUX: 'window 1'}));
    const two = await open(client({KUBECONFIG: '/of/two'}));
    const again = await open(client({KUBECONFIG: '/of/one', TMUX: 'window 2', SHLVL: '7'}));
    const ids = await Promise.all([one, two, again].map((each) => each.delegate('look')));
    const reads = await Promise.all(ids.map((id) => one.read(id, {wait_seconds: 60})));
    expect(reads.map(({blocks}) => blocks[1])).toEqual([
      expect.stringContaining('[/of/one] []'),
      expect.stringContaining('[/of/two] []'),
      expect.stringContaining('[/of/one] []'),
    ]);
    expect(processesIn(sandbox.root).filter(({command}) => / host$/.test(command))).toHaveLength(1);
    expect(openCodeIn(sandbox.root)).toHaveLength(2);
  });

  it('lets every client cancel, whatever its environment, and counts one limit', async () => {
    const {open} = await setScene(({prompt}) => ({stall: `Beginning of ${prompt}`}), {
      env: {...HOST.env, OPENCODE_DELEGATE_CONCURRENCY: '1'},
    });
    const one = await open(client({KUBECONFIG: '/of/one'}));
    const two = await open(client({KUBECONFIG: '/of/two'}));
    const running = await one.delegate('first');
    const waiting = await two.delegate('second');
    expect((await one.read(waiting, {wait_seconds: 0})).text).toContain('queued');
    expect((await two.call('delegation_cancel', {id: running})).text).toContain(`${running} is cancelled`);
    expect((await one.call('delegation_cancel', {id: waiting})).text).toContain('cancelled');
  });

  it('takes settings of a delegation from its client, without a further server', async () => {
    const {model, sandbox, open} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}), {
      ...HOST,
      models: ['model', 'other'],
    });
    const one = await open();
    const two = await open(client({OPENCODE_DELEGATE_MODEL: 'scripted/other'}));
    await one.read(await one.delegate('a'));
    await two.read(await two.delegate('b'));
    expect(model.requests.map(({prompt, model: name}) => [prompt, name])).toEqual([
      ['a', 'model'],
      ['b', 'other'],
    ]);
    expect(openCodeIn(sandbox.root)).toHaveLength(1);
  });

  it('ends a server that nothing needs, and starts it again when something does', async () => {
    const {sandbox, open} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}), {
      env: {...HOST.env, OPENCODE_DELEGATE_SERVER_IDLE_SECONDS: '1'},
    });
    const one = await open();
    await one.read(await one.delegate('a'));
    await eventually(() => openCodeIn(sandbox.root).length === 0);
    expect(sandbox.hostLog()).toMatch(/an OpenCode server ends: nothing has needed it for \d+ s/);
    expect((await one.read(await one.delegate('b'))).blocks[1]).toBe('answer to b');
  });

  it('settles what ran in another environment, and lets what waited there wait for a client from it', async () => {
    const {sandbox, open} = await setScene(
      ({prompt}) => (prompt === 'run' ? {stall: 'Beginning'} : {text: `answer to ${prompt}`}),
      {env: {...HOST.env, OPENCODE_DELEGATE_CONCURRENCY: '1'}},
    );
    const one = await open(client({KUBECONFIG: '/of/one'}));
    const running = await one.delegate('run');
    await eventually(async () => (await one.read(running, {wait_seconds: 0})).text.includes('writing'));
    const waiting = await one.delegate('wait');
    signalEach([one.pid, ...hostsIn(sandbox.runtimeDir)], 'SIGKILL');
    const two = await open(client({KUBECONFIG: '/of/two'}));
    expect((await two.read(running, {wait_seconds: 60})).blocks[0]).toContain('interrupted');
    expect((await two.read(waiting, {wait_seconds: 0})).text).toMatch(/· (queued|registered) ·/);
    const back = await open(client({KUBECONFIG: '/of/one'}));
    expect((await back.read(waiting, {wait_seconds: 60})).blocks[1]).toBe('answer to wait');
  });
});
