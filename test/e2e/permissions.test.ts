import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type ModelRequest, type Reply, ScriptedModel} from '../support/scripted-model.ts';

describe('an agent in the background', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: TestClient;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({
      modelUrl: model.url,
      config: {
        permission: {bash: 'ask', edit: 'allow', question: 'allow', doom_loop: 'ask'},
        // As OpenCode users have it: the server is then also started inside every session that we run.
        mcp: {delegate: {type: 'local', command: [process.execPath, BIN]}},
      },
    });
    client = await connect(sandbox);
  });

  afterAll(async () => {
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  it('is refused what would need a permission, at once, and can go on without it', async () => {
    model.script(({toolResults}): Reply => {
      if (toolResults.length === 0)
        return {tool: 'bash', input: {command: 'rm -rf build', description: 'clean'}};
      return {text: `I could not: ${toolResults[0]}`};
    });
    const read = await client.read(await client.delegate('Clean up'));
    expect(read.blocks[0]).toMatch(/ · completed · .*Refused: permission bash: rm -rf build/s);
    expect(read.blocks[1]).toContain('nobody is there to allow this');
  });

  it('is refused several things that it asks for at once, and goes on', async () => {
    model.script(({toolResults}): Reply => {
      if (toolResults.length > 0) return {text: `I could not: ${toolResults.join(' | ')}`};
      const call = (command: string) => ({tool: 'bash', input: {command, description: 'clean'}});
      return {tools: [call('rm -rf one'), call('rm -rf two')]};
    });
    const read = await client.read(await client.delegate('Clean up twice'));
    expect(read.blocks[0]).toMatch(
      / · completed · .*permission bash: rm -rf one; permission bash: rm -rf two/s,
    );
    expect(read.blocks[1]).toContain('nobody is there to allow this');
  });

  it('has nobody to answer it, which the instructions tell its caller', () => {
    expect(client.instructions).toContain('Nobody answers an agent in the background');
  });

  it('is refused in a nested session as well, and that one’s work counts', async () => {
    model.script((request): Reply => {
      if (request.prompt === 'nested work') return nested(request);
      if (request.toolResults.length > 0) return {text: 'The nested agent came back.'};
      return {tool: 'task', input: {description: 'nested', prompt: 'nested work', subagent_type: 'general'}};
    });
    const nested = ({toolResults}: ModelRequest): Reply => {
      if (toolResults.length === 0)
        return {tool: 'bash', input: {command: 'make nested', description: 'nested'}};
      if (toolResults.length === 1) return {tool: 'write', input: {filePath: 'nested.txt', content: 'n'}};
      return {text: 'nested is done'};
    };
    const read = await client.read(await client.delegate('Use another agent'));
    expect(read.blocks[1]).toBe('The nested agent came back.');
    expect(read.blocks[0]).toContain('3 tool calls');
    expect(read.blocks[0]).toContain('Files changed: nested.txt');
    expect(read.blocks[0]).toContain('Refused: permission bash: make nested');
  });

  it('cannot ask a question, delegate further, or be caught in a loop of the same call', async () => {
    let calls = 0;
    model.script((): Reply => {
      calls += 1;
      return calls > 6 ? {text: 'I stop'} : {tool: 'glob', input: {pattern: '*.nothing'}};
    });
    const read = await client.read(await client.delegate('Look again and again'));
    expect(read.blocks[0]).toContain(' · completed · ');
    const {tools} = await model.asked(({prompt}) => prompt === 'Look again and again');
    expect(tools).not.toContain('question');
    expect(tools.filter((name) => name.includes('delegat'))).toEqual([]);
    expect(tools).toContain('glob');
  });
});
