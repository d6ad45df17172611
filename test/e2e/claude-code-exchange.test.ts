import {expect, it} from 'vitest';
import {createGate} from '../support/gate.ts';
import {type Line, RawClient} from '../support/raw-client.ts';
import {createSandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

const TASKS = 'io.modelcontextprotocol/tasks';

/** What Claude Code sends with every request, as the revision wants it. */
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': {name: 'claude-code', version: '2.1.330'},
  'io.modelcontextprotocol/clientCapabilities': {roots: {}, elicitation: {}, extensions: {[TASKS]: {}}},
};

const params = (more: Line = {}, meta: Line = {}): Line => ({...more, _meta: {...ENVELOPE, ...meta}});

/**
 * The exchange of an interactive Claude Code, line by line: it discovers, listens, lists, calls with a progress
 * token, and asks for the task until it has ended, while its model carries on.
 */
it('Claude Code discovers, listens, lists, delegates, polls the task to its end, and hears of it', async () => {
  const gate = createGate();
  const model = await ScriptedModel.start(async () => {
    await gate.opened;
    return {text: 'Nothing leaks.'};
  });
  const sandbox = createSandbox({modelUrl: model.url});
  const client = new RawClient(sandbox);
  try {
    expect(await client.request(0, 'server/discover', params())).toMatchObject({
      result: {
        resultType: 'complete',
        supportedVersions: expect.arrayContaining(['2026-07-28']),
        capabilities: {tools: {}, resources: {subscribe: true}, prompts: {}, extensions: {[TASKS]: {}}},
        instructions: expect.stringContaining('Do not poll'),
      },
    });

    client.send({
      id: 1,
      method: 'subscriptions/listen',
      params: params({notifications: {toolsListChanged: true, resourcesListChanged: true}}),
    });
    const acknowledged = await client.line(
      ({method}) => method === 'notifications/subscriptions/acknowledged',
    );
    expect(acknowledged.params).toMatchObject({notifications: {resourcesListChanged: true}});

    // Those two are in the first request of its model; the others it looks for when it needs them.
    const hint = {'anthropic/searchHint': expect.stringMatching(/background agent/)};
    const listed = await client.request(2, 'tools/list', params());
    const {tools} = listed.result as {tools: readonly Line[]};
    expect(tools.map(({name, _meta}) => [name, _meta])).toEqual([
      ['delegate', {'anthropic/alwaysLoad': true}],
      ['delegation_read', {'anthropic/alwaysLoad': true}],
      ['delegation_list', hint],
      ['delegation_cancel', hint],
      ['delegation_reply', hint],
    ]);

    const call = {name: 'delegate', arguments: {prompt: 'Find the leak'}};
    const created = await client.request(3, 'tools/call', params(call, {progressToken: 3}));
    expect(created.result).toEqual({
      resultType: 'task',
      content: [],
      taskId: expect.stringMatching(/^[a-z]+-[a-z]+-[a-z]+$/),
      status: 'working',
      statusMessage: expect.stringMatching(/ · running · agent build · model scripted\/model · up to 15 m/),
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      lastUpdatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      ttlMs: null,
      pollIntervalMs: 2_000,
      _meta: {'io.modelcontextprotocol/serverInfo': expect.anything()},
    });
    const {taskId} = created.result as {taskId: string};

    const uri = `delegation://${taskId}`;
    client.send({
      id: 4,
      method: 'subscriptions/listen',
      params: params({notifications: {resourceSubscriptions: [uri]}}),
    });
    await client.line(({method, params: given}) => {
      const isAcknowledgement = method === 'notifications/subscriptions/acknowledged';
      return isAcknowledgement && JSON.stringify(given).includes(uri);
    });

    expect(await client.request(5, 'tasks/get', params({taskId}))).toMatchObject({
      result: {resultType: 'complete', taskId, status: 'working', pollIntervalMs: 2_000},
    });
    gate.open();
    const updated = await client.line(({method}) => method === 'notifications/resources/updated');
    expect(updated.params).toMatchObject({uri});

    // The end is told when it can be asked for, and not before.
    const ended = await client.request(6, 'tasks/get', params({taskId}));
    expect(ended).toMatchObject({
      result: {
        resultType: 'complete',
        taskId,
        status: 'completed',
        result: {
          content: [
            {type: 'text', text: expect.stringContaining(`${taskId} · completed · agent build`)},
            {type: 'text', text: 'Nothing leaks.'},
            {type: 'text', text: expect.stringContaining(`[end of ${taskId}, `)},
          ],
        },
      },
    });
    // The list has changed twice: it came, and it ended.
    const changes = client.lines.filter(({method}) => method === 'notifications/resources/list_changed');
    expect(changes).toHaveLength(2);
    expect(client.lines.filter(({error}) => error !== undefined)).toEqual([]);

    const undeclared = {...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': {}};
    expect(await client.request(7, 'tasks/get', {taskId, _meta: undeclared})).toMatchObject({
      error: {code: -32021, data: {requiredCapabilities: {extensions: {[TASKS]: {}}}}},
    });
    expect(
      await client.request(8, 'resources/read', params({uri: 'delegation://no-such-one'})),
    ).toMatchObject({
      error: {code: -32602, data: {uri: 'delegation://no-such-one'}},
    });
  } finally {
    await client.close();
    await model.close();
    await sandbox.remove();
  }
});
