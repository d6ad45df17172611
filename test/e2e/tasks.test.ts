import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {taskId as asTaskId} from '@modelcontextprotocol/ext-tasks/core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {createGate} from '../support/gate.ts';
import {signalEach} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {createSandbox, hostsIn, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {connectTasks, type TaskClient} from '../support/task-client.ts';

describe('a client that declares the tasks extension', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TaskClient;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({modelUrl: model.url});
    client = await connectTasks(sandbox);
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  /** Delegates, expects a task, and returns it. */
  async function delegate(prompt: string, input: Record<string, string> = {}) {
    const execution = await client.tasks.callTool('delegate', {prompt, ...input});
    if (execution.kind !== 'task') throw new Error('no task came back');
    return execution;
  }

  /** The texts of a task that is completed, and whether they are an error. */
  async function resultOf({handle}: Awaited<ReturnType<typeof delegate>>) {
    // A read that ends before its last page waits for the end, and leaves the task unread.
    await client.call('delegation_read', {id: handle.taskId, max_chars: 1});
    const outcome = await client.tasks.task(handle.taskId).result();
    if (outcome.status !== 'completed') throw new Error(`it is ${outcome.status}`);
    const {content, isError = false} = outcome.result as {content: {text: string}[]; isError?: boolean};
    return {blocks: content.map(({text}) => text), isError};
  }

  it('gets a task of the delegation’s id, how far it is, and the result, which then counts as read', async () => {
    const gate = createGate();
    model.script(async () => {
      await gate.opened;
      return {text: '# Findings\n\nForty-two.'};
    });
    const execution = await delegate('What is six times seven?');
    const {taskId} = execution.handle;
    expect(taskId).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);

    await model.asked(({prompt}) => prompt === 'What is six times seven?');
    const working = await client.tasks.task(taskId).snapshot();
    expect(working).toMatchObject({status: 'working', retentionMs: null, suggestedPollIntervalMs: 2_000});
    expect(working.statusMessage).toMatch(/^What is six times seven\? · 0 tool calls · .*\d+ m?s$/);
    expect(await client.call('delegation_read', {id: taskId, wait_seconds: 0})).toContain('Still running');
    gate.open();

    // The client's library asks again after the interval that it was given.
    expect((await execution.result()).status).toBe('completed');
    expect(await client.call('delegation_list')).not.toContain('unread');
    const {blocks, isError} = await resultOf(execution);
    expect(isError).toBe(false);
    expect(blocks[0]).toMatch(
      new RegExp(`^${taskId} · completed · agent build · model scripted/model · took .*\n`),
    );
    expect(blocks[0]).toContain('Title: What is six times seven?\nSummary: Findings\n100 tokens in · 20 out');
    expect(blocks[0]).toMatch(/\nThe answer follows whole, verbatim, up to ".*":$/);
    expect(blocks[1]).toBe('# Findings\n\nForty-two.');
    expect(blocks[0]).toContain(`"${blocks[2]}"`);
  });

  it('gets the first 1,500 characters of a long answer, which stays unread until it is read', async () => {
    const answer = 'x'.repeat(1_499) + 'y'.repeat(500);
    model.script(() => ({text: answer}));
    const execution = await delegate('Write much');
    const {blocks} = await resultOf(execution);
    const id = execution.handle.taskId;
    expect(blocks[0]).toContain(
      `The answer has 1,999 characters; delegation_read("${id}") returns it. The first 1,500 follow, verbatim, up to "${blocks[2]}":`,
    );
    expect(blocks[1]).toBe(answer.slice(0, 1_500));
    expect(await client.call('delegation_list')).toContain(`Ended and not read yet: ${id}.`);
    await client.call('delegation_read', {id});
    expect(await client.call('delegation_list')).not.toContain('unread');
  });

  it('gets an error of the provider as a result that is one', async () => {
    model.script(() => ({status: 400, message: 'no such deployment'}));
    const {blocks, isError} = await resultOf(await delegate('Fail'));
    expect(isError).toBe(true);
    expect(blocks[0]).toMatch(/ · error · .*\nWhy: .*no such deployment/s);
  });

  it('hears with the result what others were told at once: who else writes there, and what was not taken along', async () => {
    const gate = createGate();
    model.script(async ({prompt}) => {
      if (prompt === 'Write first') await gate.opened;
      return {text: 'done'};
    });
    const {path: directory} = Repository.create(join(sandbox.root, 'shared'), {home: sandbox.root});
    writeFileSync(join(directory, 'draft.txt'), 'not committed');
    const first = await delegate('Write first', {directory});
    const second = await delegate('Write second', {directory});
    const apart = await delegate('Write apart', {directory, access: 'worktree'});
    expect((await resultOf(second)).blocks[0]).toContain(
      `\nAlso at work in this directory, and free to write: ${first.handle.taskId}.`,
    );
    const {blocks} = await resultOf(apart);
    expect(blocks[0]).toContain(
      '\nNot taken along: what is not committed in your checkout (1 file or folder).\n',
    );
    expect(await client.tasks.task(apart.handle.taskId).snapshot()).toMatchObject({
      statusMessage: 'Write apart · completed',
    });
    gate.open();
    expect((await resultOf(first)).blocks[0]).not.toContain('Also at work');
  });

  it('cancels a task, and hears what was kept', async () => {
    model.script(() => ({stall: 'half an ans'}));
    const execution = await delegate('Take for ever');
    const task = client.tasks.task(execution.handle.taskId);
    await model.asked(({prompt}) => prompt === 'Take for ever');
    await task.cancel();
    const cancelled = await task.snapshot();
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.statusMessage).toContain('Why: It was cancelled on request.');
    // Again, it is acknowledged and changes nothing.
    await task.cancel();
    expect((await task.result()).status).toBe('cancelled');
  });

  it('is told of an unknown task, whatever it asks', async () => {
    const nobody = client.tasks.task(asTaskId('no-such-task'));
    for (const ask of [() => nobody.snapshot(), () => nobody.cancel(), () => nobody.update({})]) {
      await expect(ask()).rejects.toMatchObject({
        code: -32602,
        message: expect.stringContaining('delegation_list shows the known ones.'),
      });
    }
  });

  it('that responds to a task which asked for nothing is acknowledged', async () => {
    model.script(() => ({text: 'done'}));
    const execution = await delegate('Ask nothing');
    await resultOf(execution);
    await client.tasks.task(execution.handle.taskId).update({});
  });

  it('gets a text like everybody else from a request that does not declare it', async () => {
    model.script(() => ({text: 'plain'}));
    const started = await client.call('delegate', {prompt: 'Plainly'});
    expect(started).toMatch(/^[a-z]+-[a-z]+-[a-z]+ · running · agent build · .*\nCarry on with other work/);
    expect(await client.call('delegation_read', {id: started.split(' ')[0]})).toMatch(/\nplain/);
  });

  it('finds its tasks from a new connection after the server was killed: those that had ended and those that ran', async () => {
    model.script(({prompt}) => (prompt === 'End' ? {text: 'ended'} : {stall: 'half'}));
    const ended = await delegate('End');
    await resultOf(ended);
    const running = await delegate('Run on');
    await model.asked(({prompt}) => prompt === 'Run on');
    await Promise.all([ended.detach(), running.detach()]);
    // Whichever process has the work: the client's own, or the host.
    signalEach([client.pid, ...hostsIn(sandbox.runtimeDir)], 'SIGKILL');
    await client.close();

    client = await connectTasks(sandbox);
    expect((await client.tasks.task(ended.handle.taskId).snapshot()).status).toBe('completed');
    const failed = await client.tasks.task(running.handle.taskId).result();
    if (failed.status !== 'failed') throw new Error(`it is ${failed.status}`);
    expect(failed.error.message).toMatch(/ · interrupted · .*opencode --session ses_/s);
  });
});
