import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient, untilActivity, withLimitAfter} from '../support/client.ts';
import {eventually, killAll} from '../support/processes.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type ModelRequest, type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {connectTasks} from '../support/task-client.ts';

/** All clients have it, so that one host serves them. */
const WAIT = {OPENCODE_DELEGATE_ON_ASK: 'wait', OPENCODE_DELEGATE_LOG: 'debug'};
const bash = (command: string) => ({tool: 'bash', input: {command, description: 'a command'}});

/** Asks for each of the commands in turn, then says what came of them. */
function commands(...all: string[]): (request: ModelRequest) => Reply {
  return ({toolResults}) => {
    const next = all[toolResults.length];
    return next === undefined ? {text: `Results: ${toolResults.join(' | ')}`} : bash(next);
  };
}

describe('where requests are waited on', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({
      modelUrl: model.url,
      config: {permission: {bash: 'ask', edit: 'ask', doom_loop: 'ask'}},
    });
    client = await connect(sandbox, {env: WAIT});
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  const reply = (id: string, input: Record<string, unknown>) =>
    client.call('delegation_reply', {id, ...input});
  const has = (file: string) => existsSync(join(sandbox.project, file));

  it('a read comes back with the whole request and how to answer it; allowed, it is allowed once', async () => {
    const command = `touch once.txt && : ${'x'.repeat(300)}`;
    model.script(commands(command, command));
    const id = await client.delegate('Touch twice');
    const blocked = await client.read(id);
    expect(blocked.text).toContain(`${id} · running, blocked`);
    expect(blocked.text).toContain(`\n    ${command}\n`);
    expect(blocked.text).not.toContain('Blocked until delegation_reply');
    const list = await client.call('delegation_list');
    expect(list.text).toContain(`Blocked until delegation_reply answers: ${id} (permission bash: `);
    await eventually(() =>
      /asks:\n {2}- kind: permission\n/.test(readFileSync(artifactOf(sandbox, id), 'utf8')),
    );
    expect(has('once.txt')).toBe(false);

    await reply(id, {decision: 'allow', message: 'fine'});
    const again = await client.read(id);
    expect(again.text).toContain('Request 2, for ');
    expect(has('once.txt')).toBe(true);
    await reply(id, {decision: 'deny', message: 'Once is enough.'});
    const read = await client.read(id);
    expect(read.blocks[0]).not.toContain('Refused');
    expect(read.blocks[1]).toContain('feedback: Once is enough.');
    const record = readFileSync(artifactOf(sandbox, id), 'utf8');
    expect(record).toMatch(/verdict: allowed\n {4}at: .*\n {4}message: fine\n/);
    expect(record).toMatch(/verdict: denied\n {4}at: .*\n {4}message: Once is enough\.\n/);
  });

  it('a read that waits again, unanswered, waits for the end; its progress says what is waited on', async () => {
    model.script(commands('touch patient.txt'));
    const id = await client.delegate('Be patient');
    await client.read(id);
    await untilActivity(
      client,
      id,
      /blocked, waits .* more for an answer to permission bash: touch patient\.txt/,
    );
    const waiting = client.read(id);
    await reply(id, {decision: 'allow'});
    expect((await waiting).blocks[0]).toContain(' · completed · ');
    expect(has('patient.txt')).toBe(true);
  });

  it('of several at once each has its number; a denial of one denies no other', async () => {
    model.script(({toolResults}) =>
      toolResults.length === 0
        ? {tools: [bash('touch one.txt'), bash('touch two.txt'), bash('touch three.txt')]}
        : {text: toolResults.join(' | ')},
    );
    const id = await client.delegate('Three at once');
    let shown = await client.read(id);
    // A read ends with the first of them.
    await eventually(async () => {
      shown = await client.read(id, {wait_seconds: 0});
      return shown.text.includes('waits for 3 answers');
    });
    const numberOf = (name: string) =>
      Number(new RegExp(`Request (\\d), .*touch ${name}`).exec(shown.text)?.[1]);
    const denied = await reply(id, {decision: 'deny', request: numberOf('two.txt'), message: 'Not two.'});
    expect(denied.text).toContain('permission bash: touch two.txt (denied: "Not two.").');
    expect(denied.text).toContain('Blocked: its agent waits for 2 answers.');
    await reply(id, {decision: 'allow', request: numberOf('three.txt')});
    for (const [request, why] of [
      [numberOf('two.txt'), /Request \d is denied\. Open: \d\./],
      [9, /There is no request 9\. Open: \d\./],
    ] as const) {
      const refused = await reply(id, {decision: 'allow', request});
      expect(refused).toMatchObject({isError: true, text: expect.stringMatching(why)});
    }
    await reply(id, {decision: 'allow'});
    const read = await client.read(id);
    expect(['one.txt', 'two.txt', 'three.txt'].map(has)).toEqual([true, false, true]);
    expect(read.blocks[1]).toContain('feedback: Not two.');
    const late = await reply(id, {decision: 'allow'});
    expect(late).toMatchObject({
      isError: true,
      text: expect.stringContaining('has ended (completed): it waits for no'),
    });
  });

  it('a nested agent is asked for as well', async () => {
    model.script((request) => {
      if (request.prompt === 'nested work') return commands('touch nested.txt')(request);
      if (request.toolResults.length > 0) return {text: 'The nested agent came back.'};
      return {tool: 'task', input: {description: 'n', prompt: 'nested work', subagent_type: 'general'}};
    });
    const id = await client.delegate('Use another agent');
    expect((await client.read(id)).text).toContain('permission bash: touch nested.txt');
    await reply(id, {decision: 'allow'});
    expect((await client.read(id)).blocks[1]).toBe('The nested agent came back.');
    expect(has('nested.txt')).toBe(true);
  });

  it('a question is answered with an option, however it is written, or in other words', async () => {
    const question = (text: string, options: string[], multiple = false) => ({
      ...{question: text, header: 'Q', multiple},
      options: options.map((label) => ({label, description: label})),
    });
    model.script(({toolResults}) => {
      if (toolResults.length === 0)
        return {tool: 'question', input: {questions: [question('Which colour?', ['Red', 'Blue'])]}};
      if (toolResults.length === 1) {
        const questions = [question('Which?', ['One', 'Two', 'Three'], true), question('And why?', [])];
        return {tool: 'question', input: {questions}};
      }
      return {text: toolResults.join(' | ')};
    });
    const id = await client.delegate('Ask me');
    const asked = await client.read(id);
    expect(asked.text).toContain(
      'question: Which colour?\n    - Which colour? One of: Red, Blue; or other words.',
    );
    expect(asked.text).toContain('A question is answered by decision "allow" with the answer as message.');
    expect((await reply(id, {decision: 'allow'})).text).toContain('A question needs an answer');
    await reply(id, {decision: 'allow', message: ' blue '});
    expect((await client.read(id)).text).toContain(
      '- Which? Any of: One, Two, Three; or other words.\n    - And why?',
    );
    expect((await reply(id, {decision: 'allow', message: 'two'})).text).toContain('It asks 2 questions');
    await reply(id, {decision: 'allow', message: 'two, THREE\nBecause I say so'});
    const read = await client.read(id);
    expect(read.blocks[1]).toContain('"Which colour?"="Blue"');
    expect(read.blocks[1]).toContain('"Which?"="Two, Three", "And why?"="Because I say so"');
    expect(read.blocks[0]).toContain('Asked for: question: Which colour? (allowed: "blue")');
  });

  it('a question that is denied lets the agent go on, with the message', async () => {
    model.script(({toolResults}) =>
      toolResults.length === 0
        ? {tool: 'question', input: {questions: [{question: 'May I?', header: 'Q', options: []}]}}
        : {text: `I heard: ${toolResults[0]}`},
    );
    const id = await client.delegate('Ask and be denied');
    await client.read(id);
    await reply(id, {decision: 'deny', message: 'Decide yourself.'});
    expect((await client.read(id)).blocks[1]).toContain('"May I?"="Decide yourself."');
  });

  it('one that is cancelled while it is blocked ends at once, and the record says that nobody answered', async () => {
    model.script(commands('touch cancelled.txt'));
    const id = await client.delegate('Be cancelled');
    await client.read(id);
    await client.call('delegation_cancel', {id});
    const read = await client.read(id);
    expect(read.text).toMatch(
      / · cancelled · .*Asked for: permission bash: touch cancelled\.txt \(unanswered when it ended\)/s,
    );
    expect((await reply(id, {decision: 'allow'})).text).toContain('has ended (cancelled)');
    expect(has('cancelled.txt')).toBe(false);
  });

  it('the time that it is blocked counts: its limit ends it', async () => {
    model.script(commands('touch slow.txt'));
    const id = await withLimitAfter(
      (minutes) => client.delegate('Run out of time', {timeout_minutes: minutes}),
      async (started) => !(await client.read(started)).text.includes(' · timeout · '),
    );
    const read = await client.read(id);
    expect(read.text).toMatch(/ · timeout · .*\(unanswered when it ended\)/s);
  });

  it('an answer to what asks nothing, or is not there, is refused', async () => {
    model.script(() => ({stall: 'working'}));
    const id = await client.delegate('Ask nothing');
    await untilActivity(client, id, /writing/);
    expect(await reply(id, {decision: 'allow'})).toMatchObject({
      isError: true,
      text: expect.stringContaining(`${id} asks for nothing at the moment`),
    });
    expect((await reply('no-such-thing', {decision: 'allow'})).text).toContain(
      'delegation_list shows the known ones',
    );
    await client.call('delegation_cancel', {id});
  });

  it('a loop of the same call is denied all the same', async () => {
    let calls = 0;
    model.script(() => {
      calls += 1;
      return calls > 6 ? {text: 'I stop'} : {tool: 'glob', input: {pattern: '*.nothing'}};
    });
    expect((await client.read(await client.delegate('Look again and again'))).blocks[0]).toContain(
      ' · completed · ',
    );
  });

  it('the model is told of it, and has the tool to answer with', async () => {
    expect(client.instructions).toContain('is blocked until delegation_reply answers');
    expect(client.instructions).not.toContain('Nobody answers an agent');
    expect((await client.tools()).map(({name}) => name)).toContain('delegation_reply');
  });

  it('a client with tasks and forms gets it as input that the task requires, and answers with an update', async () => {
    model.script(commands('touch by-task.txt', 'touch not-by-task.txt'));
    const tasks = await connectTasks(
      {...sandbox, env: {...sandbox.env, ...WAIT}},
      {
        capabilities: {elicitation: {}},
        onForm: async ({message}) =>
          message.includes('touch by-task.txt')
            ? {action: 'accept', content: {decision: 'allow'}}
            : {action: 'decline'},
      },
    );
    try {
      const execution = await tasks.tasks.callTool('delegate', {prompt: 'By task'});
      if (execution.kind !== 'task') throw new Error('no task came back');
      const outcome = await execution.result();
      expect(outcome.status).toBe('completed');
      expect(tasks.forms[0]).toMatchObject({
        mode: 'form',
        message: expect.stringMatching(
          /^The background agent of [a-z-]+ asks for permission bash: touch by-task\.txt\nWithout an answer within (\d+ seconds|\d+ minutes?) it is refused\.$/,
        ),
        requestedSchema: {properties: {decision: {enum: ['allow', 'deny']}}, required: ['decision']},
      });
      expect(has('by-task.txt')).toBe(true);
      expect(has('not-by-task.txt')).toBe(false);
    } finally {
      await tasks.close();
    }
  });

  it('a client with tasks and no forms is told in the status message', async () => {
    model.script(commands('touch formless.txt'));
    const tasks = await connectTasks({...sandbox, env: {...sandbox.env, ...WAIT}});
    try {
      const execution = await tasks.tasks.callTool('delegate', {prompt: 'Without forms'});
      if (execution.kind !== 'task') throw new Error('no task came back');
      const id = execution.handle.taskId;
      await tasks.call('delegation_read', {id});
      const snapshot = await tasks.tasks.task(id).snapshot();
      expect(snapshot.status).toBe('working');
      expect(snapshot.statusMessage).toMatch(/^Without forms · .*blocked, waits/);
      await tasks.tasks.task(id).update({'request-1': {action: 'accept', content: {decision: 'allow'}}});
      await tasks.call('delegation_read', {id});
      expect(has('formless.txt')).toBe(true);
    } finally {
      await tasks.close();
    }
  });

  it('one whose process is killed while it is blocked has its end, and can be continued', async () => {
    model.script(commands('touch killed.txt'));
    const id = await client.delegate('Be killed');
    await client.read(id);
    await eventually(() => readFileSync(artifactOf(sandbox, id), 'utf8').includes('\nasks:\n'));
    await killAll(sandbox.root);
    await client.close();

    client = await connect(sandbox, {env: WAIT});
    const read = await client.read(id);
    expect(read.text).toMatch(/ · interrupted · .*Cut off in the middle of: bash a command/s);
    expect(read.text).toContain('Asked for: permission bash: touch killed.txt (unanswered when it ended)');
    const again = (await client.call('delegate', {continue: id})).text.split(' ')[0] ?? '';
    expect((await client.read(again)).text).toContain('Request 1, for ');
    await reply(again, {decision: 'allow'});
    expect((await client.read(again)).blocks[0]).toContain(' · completed · ');
    expect(has('killed.txt')).toBe(true);
  });

  it('what nobody answers in time is refused, and the agent goes on', async () => {
    model.script(commands('touch late.txt'));
    const hasty = await connect(sandbox, {env: {...WAIT, OPENCODE_DELEGATE_ASK_SECONDS: '1'}});
    try {
      const id = await hasty.delegate('Wait for nobody');
      await hasty.read(id);
      const read = await hasty.read(id);
      expect(read.blocks[0]).toContain('(refused, as nobody answered in time)');
      expect(read.blocks[1]).toContain('Nobody has answered in time.');
      expect(has('late.txt')).toBe(false);
    } finally {
      await hasty.close();
    }
  });
});
