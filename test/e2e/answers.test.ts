import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient, untilActivity} from '../support/client.ts';
import {killAll} from '../support/processes.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {type ModelRequest, type Reply, ScriptedModel} from '../support/scripted-model.ts';

/**
 * After so many requests that came to nothing it must be over. The model then keeps the next one waiting: how many more
 * OpenCode would send until it is stopped depends on how fast it is.
 */
const ENOUGH = 5;
/** Of the 128,000 that its context has: OpenCode compacts after such a step. */
const FULL = 127_500;
const OVERFLOW: Reply = {status: 400, message: "This model's maximum context length is 128000 tokens."};
const CALL = {tool: 'bash', input: {command: 'true', description: 'Nothing'}} as const;
const REPORT = `Report\n\n${'A finding, with its reason. '.repeat(40)}`;
/** What OpenCode sends by itself after a compaction. */
const GO_ON = /Continue if you have next steps|conversation was compacted/;

type Script = (request: ModelRequest, attempt: number) => Reply;

/** Whether an earlier delegation still asks. */
const isLate = (request: ModelRequest, prompt: string) =>
  request.prompt.startsWith('Do it') && request.prompt !== prompt;

/** Answers summaries, and what an earlier delegation still asks, by itself; a script has the rest, and its count. */
function scripted(prompt: string, script: Script): (request: ModelRequest) => Reply {
  let attempt = 0;
  return (request) => {
    if (request.tools.length === 0) return {text: 'A summary.'};
    if (isLate(request, prompt)) return {text: 'late'};
    attempt += 1;
    return script(request, attempt);
  };
}

describe('the answer of an agent', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;
  let count = 0;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({modelUrl: model.url});
    client = await connect(sandbox);
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  async function answerTo(script: Script, args: Record<string, unknown> = {}) {
    count += 1;
    const prompt = `Do it, ${count}`;
    model.script(scripted(prompt, script));
    const before = model.requests.length;
    const id = await client.delegate(prompt, args);
    const {text, blocks} = await client.read(id);
    const asked = model.requests.slice(before).filter((request) => !isLate(request, prompt)).length;
    return {id, head: blocks[0], answer: blocks[1], text, asked};
  }

  it('before a compaction stands, with what came after it', async () => {
    const {head, answer} = await answerTo(({prompt}) =>
      GO_ON.test(prompt) ? {text: 'I have no next steps.'} : {text: 'The whole answer.', tokens: FULL},
    );
    expect(head).toContain(' · completed · ');
    expect(answer).toBe('The whole answer.\n\nI have no next steps.');
  });

  it('that is said again after a compaction is there once', async () => {
    const {answer} = await answerTo(({prompt}) =>
      GO_ON.test(prompt)
        ? {text: 'Again: The whole answer. And more.'}
        : {text: 'The whole answer.', tokens: FULL},
    );
    expect(answer).toBe('Again: The whole answer. And more.');
  });

  it('before a compaction stands when going on fails', async () => {
    const {head, answer} = await answerTo(({prompt}) =>
      GO_ON.test(prompt)
        ? {status: 400, message: 'No credit is left'}
        : {text: 'The whole answer.', tokens: FULL},
    );
    expect(head).toContain(' · completed · ');
    expect(head).toMatch(/Note: After this answer OpenCode compacted .*No credit is left/);
    expect(answer).toBe('The whole answer.');
  });

  it('of one that took up work again after a compaction, and failed at it, is not called complete', async () => {
    const {head, answer} = await answerTo(({prompt}, attempt) => {
      if (attempt === 1) return {text: 'First half.', tokens: FULL};
      return GO_ON.test(prompt) && attempt === 2 ? CALL : {status: 400, message: 'No credit is left'};
    });
    expect(head).toMatch(/ · error · .*No credit is left/s);
    expect(answer).toBe('First half.');
  });

  it('in a session that is continued stands where OpenCode compacts it and sends the prompt again', async () => {
    const first = await answerTo(() => ({text: 'First.'}));
    const {head, answer} = await answerTo((_, attempt) => (attempt === 1 ? OVERFLOW : {text: 'Second.'}), {
      continue: first.id,
    });
    expect(head).toContain(' · completed · ');
    expect(answer).toBe('Second.');
  });

  it('that is followed by an empty message is the answer, and that is said', async () => {
    const {head, answer} = await answerTo((_, attempt) =>
      attempt === 1 ? {...CALL, text: 'What I found.'} : {text: ''},
    );
    expect(head).toContain(' · completed · ');
    expect(head).toContain('Note: The last message of the agent was empty');
    expect(answer).toBe('What I found.');
  });

  it('that is a report before the last tool call is there before the closing words', async () => {
    const {answer} = await answerTo((_, attempt) => {
      if (attempt === 1) return {...CALL, text: 'Let me look.'};
      return attempt === 2 ? {...CALL, text: REPORT} : {text: 'Done.'};
    });
    expect(answer).toBe(`${REPORT}\n\nDone.`);
  });

  it('that is a report in the step that fills the context is there before the closing words', async () => {
    const {answer} = await answerTo((_, attempt) =>
      attempt === 1 ? {...CALL, text: REPORT, tokens: FULL} : {text: 'Done.'},
    );
    expect(answer).toBe(`${REPORT}\n\nDone.`);
  });

  it('does not come where every step fills the context: it ends, and says why', async () => {
    const {head, asked} = await answerTo((_, attempt) => ({
      tool: 'bash',
      input: {command: `echo ${attempt}`, description: 'Reads'},
      tokens: FULL,
    }));
    expect(head).toMatch(
      / · error · .*Why: OpenCode compacted the conversation 9 times in a row, each time after a single step/s,
    );
    // Nine steps and nine summaries, and what was asked for as it was ended.
    expect(asked).toBeLessThanOrEqual(20);
  });

  it('may take the same agent below it time and again', async () => {
    let below: string | undefined;
    const {answer} = await answerTo(({prompt, toolResults}) => {
      if (prompt.startsWith('Question')) return {text: `To ${prompt}: yes.`};
      below ??= /ses_\w+/.exec(toolResults[0] ?? '')?.[0];
      const next = toolResults.length + 1;
      if (next > 6) return {text: `All are answered: ${toolResults.at(-1)}`};
      const input = {description: 'n', prompt: `Question ${next}`, subagent_type: 'general'};
      return {tool: 'task', input: {...input, ...(below !== undefined && {task_id: below})}};
    });
    expect(answer).toMatch(/^All are answered: .*To Question 6: yes\./s);
  });

  it('that is the last message is that alone', async () => {
    const {head, answer} = await answerTo((_, attempt) =>
      attempt === 1 ? {...CALL, text: 'Let me look.'} : {text: 'Found.'},
    );
    expect(answer).toBe('Found.');
    expect(head).not.toContain('Note:');
  });

  it('that the output limit has cut off says so, and how to go on', async () => {
    const {id, head, answer} = await answerTo(() => ({text: 'The first ha', finish: 'length'}));
    expect(head).toMatch(
      / · completed · .*Note: It is cut off: scripted\/model reached its output limit\. delegate with its id as continue/s,
    );
    expect(answer).toBe('The first ha');
    // What a later process reads from its file says so as well.
    const other = await connect(sandbox);
    expect((await other.read(id)).blocks[0]).toContain('Note: It is cut off');
    await other.close();
  });

  it('that a content filter has ended is an error that says so, with what was written', async () => {
    const {head, answer} = await answerTo(() => ({text: 'The first ha', finish: 'content_filter'}));
    expect(head).toMatch(/ · error · .*content filter/s);
    expect(answer).toBe('The first ha');
  });

  it.each([
    ['no reason for its end', null],
    ['a reason that nobody knows', 'odd'],
    ['tool calls without one', 'tool_calls'],
  ] as const)('with %s is there once, after a few requests', async (_, finish) => {
    const {head, answer, asked} = await answerTo((__, attempt) =>
      attempt > ENOUGH ? {stall: ''} : {text: `Answer ${attempt}`, finish},
    );
    expect(head).toMatch(/ · completed · .*Note: Its provider gave no sign that this is the whole answer\./s);
    expect(answer).toBe('Answer 1');
    expect(asked).toBeLessThanOrEqual(ENOUGH + 1);
  });

  it.each([
    ['an error as JSON', {page: '{"error":{"message":"Your plan has ended"}}', type: 'application/json'}],
    ['a page', {page: '<html><body>Sign in</body></html>', type: 'text/html'}],
    ['nothing', {text: '', finish: null}],
    ['an empty message that promises tool calls', {text: '', finish: 'tool_calls'}],
  ] as const)('with status 200 that is %s is an error after a few requests', async (_, reply) => {
    const {head, asked} = await answerTo((__, attempt) => (attempt > ENOUGH ? {stall: ''} : reply));
    expect(head).toMatch(
      / · error · .*Why: OpenCode asked the model \d times in a row, and got neither a tool call nor an end/s,
    );
    expect(asked).toBeLessThanOrEqual(ENOUGH + 1);
  });

  it('of an agent below whose provider says nothing of an end does not cost for ever', async () => {
    const {head} = await answerTo(({messages}) =>
      JSON.stringify(messages).includes('below me')
        ? {text: 'x', finish: null}
        : {
            tool: 'task',
            input: {description: 'n', prompt: 'This is below me, not Do it', subagent_type: 'general'},
          },
    );
    expect(head).toMatch(
      / · error · .*Why: In the session below it, ses_\w+, OpenCode asked the model \d times/s,
    );
  });

  it('whose context overflows after each compaction is an error after a few requests', async () => {
    const {head, asked} = await answerTo(() => OVERFLOW);
    expect(head).toMatch(/ · error · .*maximum context length is 128000 tokens/s);
    // Each is followed by the request for a summary.
    expect(asked).toBeLessThanOrEqual(12);
  });

  it('may come after two messages that say nothing of an end', async () => {
    const {head, answer} = await answerTo((_, attempt) =>
      attempt < 3 ? {text: 'One moment.', finish: null} : {text: 'The answer.'},
    );
    expect(head).not.toContain('Note:');
    expect(answer).toBe('The answer.');
  });
});

it('that OpenCode compacts when all is killed stands when its process is found gone', async () => {
  const {sandbox, model, open} = await setScene(({prompt, tools}) => {
    if (tools.length === 0) return {stall: 'A summary, half'};
    return prompt === 'Do it' ? {text: 'The whole answer.', tokens: FULL} : {text: 'no'};
  });
  const client = await open();
  const id = await client.delegate('Do it');
  await model.asked(({tools, prompt}) => tools.length === 0 && prompt.includes('The whole answer.'));
  await untilActivity(client, id, /writing/);
  await killAll(sandbox.root);
  const read = await (await open()).read(id);
  expect(read.blocks[0]).toMatch(/ · completed · .*Note: After this answer OpenCode compacted/s);
  expect(read.blocks[1]).toBe('The whole answer.');
});
