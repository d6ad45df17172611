import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {createGate} from '../support/gate.ts';
import type {PoolMachine} from '../support/pool-network.ts';
import {type PoolClient, PoolProcesses, recordAt, scriptHeld} from '../support/pool-processes.ts';
import {eventually, signalEach} from '../support/processes.ts';
import {hostsIn} from '../support/sandbox.ts';
import type {ModelRequest, Reply} from '../support/scripted-model.ts';

/** Nothing here loses a lease, on however slow a machine. */
const LEASE_SECONDS = 60;
const ASK_SECONDS = '20';
const bash = (command: string) => ({tool: 'bash', input: {command, description: 'a command'}});
const QUESTION = {
  tool: 'question',
  input: {
    questions: [
      {
        question: 'Which colour?',
        header: 'Colour',
        options: [{label: 'red', description: 'as blood'}],
      },
    ],
  },
};

describe('an owner and an agent on a worker', () => {
  let pool: PoolProcesses;
  let client: PoolClient;
  let machine: PoolMachine;

  beforeAll(async () => {
    pool = await PoolProcesses.open(LEASE_SECONDS);
    client = await pool.client({OPENCODE_DELEGATE_ON_ASK: 'wait', OPENCODE_DELEGATE_ASK_SECONDS: '600'});
    const config = {permission: {edit: 'allow', bash: 'ask', question: 'allow'}};
    machine = await pool.worker({OPENCODE_DELEGATE_ASK_SECONDS: ASK_SECONDS}, config);
    pool.startWorker(machine, 'worker-1');
  });

  afterAll(() => pool.close());

  /** Has an agent do that first, and then say what came of it. */
  function script(first: Reply): void {
    pool.model.script(({toolResults}) =>
      toolResults.length === 0 ? first : {text: `It said: ${toolResults.join(' | ')}`},
    );
  }

  it.each([
    ['a permission', bash('echo granted'), [], /It said: granted/],
    ['a question', QUESTION, ['-m', 'red'], /It said: .*red/],
  ] as const)('%s is asked for there, and given here', async (_, first, words, said) => {
    script(first);
    const id = await client.run('Ask first');
    await client.recordWith(id, /^asks:/m);
    const replied = await client.command('reply', id, 'allow', ...words);
    expect(replied, replied.stderr).toMatchObject({exitCode: 0});
    expect(await client.recordWith(id, /^status: completed/m)).toMatch(said);
  });

  it('what nobody answers is refused there in time, and the agent goes on', async () => {
    script(bash('echo granted'));
    const id = await client.run('Ask in vain');
    await client.recordWith(id, /^asks:/m);
    const record = await client.recordWith(id, /^status: completed/m);
    expect(record).not.toContain('It said: granted');
    expect(record).toContain('It said: ');
  });

  it('what is asked for on a worker that is cut off is refused while it is', async () => {
    script(bash('echo granted'));
    const id = await client.run('Ask alone');
    await client.recordWith(id, /^asks:/m);
    machine.proxy.cut();
    onTestFinished(() => machine.proxy.rejoin());
    const told = await pool.model.asked(isToldOf('Ask alone'));
    expect(told.toolResults.join()).not.toContain('granted');
    machine.proxy.rejoin();
    await client.recordWith(id, /^status: completed/m);
  });

  it('a message reaches an agent that is at work', async () => {
    const gate = createGate();
    pool.model.script(async ({messages}) => {
      if (JSON.stringify(messages).includes('In French, please')) return {text: 'Bonjour.'};
      await gate.opened;
      return {text: 'Hello.'};
    });
    const id = await client.run('Greet');
    await pool.model.asked(({prompt}) => prompt.includes('Greet'));
    const told = await client.command('message', id, 'In French, please.');
    expect(told, told.stderr).toMatchObject({exitCode: 0});
    gate.open();
    const record = await client.recordWith(id, /^status: completed/m);
    expect(record).toContain('Bonjour.');
    expect(record).toMatch(/- text: In French, please\.\n {4}at: \S+\n {4}read: /);
  });

  it('when a cancel is answered, the agent has stopped already', async () => {
    scriptHeld(pool.model, 'cancelled.txt', {gate: createGate()});
    const id = await client.run('Take long');
    await client.recordWith(id, /^session: /m);
    await eventually(() => recordAt(machine, /^# Take long$/m).includes('status: running'));
    const {stdout} = await client.command('cancel', id);
    // It has its end there, or is removed already.
    expect(recordAt(machine, /^# Take long$/m)).not.toContain('status: running');
    expect(stdout).toContain(`${id} has ended: cancelled.`);
  });

  it('a limit of time is kept there while the client is frozen', async () => {
    scriptHeld(pool.model, 'slow.txt', {gate: createGate()});
    const id = await client.run('Be slow', '--timeout', '0.3');
    await client.recordWith(id, /^session: /m);
    const hosts = hostsIn(client.sandbox.runtimeDir);
    signalEach(hosts, 'SIGSTOP');
    onTestFinished(() => void signalEach(hosts, 'SIGCONT'));
    await eventually(() => /^status: timeout/m.test(recordAt(machine, /^# Be slow$/m)));
    signalEach(hosts, 'SIGCONT');
    await client.recordWith(id, /^status: timeout/m);
    expect(client.repository.git('show', `delegation/${id}:slow.txt`)).toBe('slow.txt');
  });

  it('a limit of money is kept there', async () => {
    pool.model.script(({toolResults}) => {
      const input = {filePath: `${toolResults.length}.txt`, content: 'more\n'};
      // A dollar for a million of these.
      return {tool: 'write', input, tokens: 50_000};
    });
    const id = await client.run('Spend', '--max-cost', '0.12');
    const record = await client.recordWith(id, /^status: error/m);
    expect(record).toContain('It reached its limit of $0.12');
    expect(client.repository.git('show', `delegation/${id}:0.txt`)).toBe('more');
  });
});

function isToldOf(prompt: string): (request: ModelRequest) => boolean {
  return (request) => request.prompt.includes(prompt) && request.toolResults.length > 0;
}
