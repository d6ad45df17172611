import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {claude} from '../support/hook-inputs.ts';
import {type PoolClient, PoolProcesses, type PoolScene} from '../support/pool-processes.ts';
import {connectTasks} from '../support/task-client.ts';
import {delegateOne, noticesIn, PLUGIN, UserOpenCode} from '../support/user-opencode.ts';

/** Nothing here loses a lease, on however slow a machine. */
const LEASE_SECONDS = 60;
/** More than one letter can carry. */
const LONG_ANSWER = `# Findings\n\n${'All is well – 日本語 🙂.\n'.repeat(100_000)}`;

describe('the end of work in a pool', () => {
  let scene: PoolScene;
  let client: PoolClient;

  beforeAll(async () => {
    scene = await PoolProcesses.withWorker('worker-1', {lease: LEASE_SECONDS});
    client = scene.client;
  });

  afterAll(() => scene.pool.close());

  /** Has an agent give that answer once the gate is open. */
  function answering(text: string) {
    const gate = createGate();
    scene.pool.model.script(async () => {
      await gate.opened;
      return {text};
    });
    return gate;
  }

  it('is that of a task, whose status says what the agent does', async () => {
    const gate = answering('Forty-two.');
    const tasks = await connectTasks(client.sandbox);
    onTestFinished(() => tasks.close());
    const execution = await tasks.tasks.callTool('delegate', {prompt: 'Multiply', where: 'pool'});
    if (execution.kind !== 'task') throw new Error('no task came back');
    await scene.pool.model.asked(({prompt}) => prompt.includes('Multiply'));
    const working = await tasks.tasks.task(execution.handle.taskId).snapshot();
    expect(working).toMatchObject({status: 'working', statusMessage: expect.stringContaining('Multiply')});
    gate.open();
    const outcome = await execution.result();
    if (outcome.status !== 'completed') throw new Error(`it is ${outcome.status}`);
    expect(JSON.stringify(outcome.result)).toContain('Forty-two.');
  });

  it('is told by the hook, and a long answer is there byte for byte', async () => {
    answering(LONG_ANSWER).open();
    const id = await client.run('Look at all of it');
    await client.recordWith(id, /^status: completed/m);
    const {sandbox} = client;
    const input = JSON.stringify(claude('UserPromptSubmit', {cwd: sandbox.project}));
    const {stdout} = await runCommand(sandbox, ['hook', 'prompt', '--client', 'claude-code'], {input});
    expect(stdout).toContain(`${id}: completed, not read yet.`);
    expect(client.record(id)).toContain(LONG_ANSWER);
  });

  it('wakes the session of OpenCode that has delegated it, once', async () => {
    const {sandbox} = client;
    sandbox.configure({...sandbox.config, plugin: [PLUGIN]});
    sandbox.env.OPENCODE_DELEGATE_WHERE = 'pool';
    const opencode = await UserOpenCode.start(sandbox);
    onTestFinished(() => opencode.kill());
    const session = await opencode.session();
    const {gate, id} = await delegateOne({
      model: scene.pool.model,
      opencode,
      session,
      inner: 'Look far away',
    });
    gate.open();
    const transcript = await opencode.until(session, (all) => all.at(-1)?.text === 'Noted.');
    expect(noticesIn(transcript)).toEqual([expect.stringContaining(`<task-id>${id}</task-id>`)]);
    expect(client.record(id)).toMatch(/^where:\n {2}is: pool\n[^-]*worker: worker-1$/m);
  });
});
