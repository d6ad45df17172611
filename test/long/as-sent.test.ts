import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {execa} from 'execa';
import {describe, expect, it, onTestFinished} from 'vitest';
import {type Line, RawClient} from '../support/raw-client.ts';
import {STALL} from '../support/running.ts';
import {BIN, createSandbox, hostsIn, type Sandbox} from '../support/sandbox.ts';
import type {Script} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';

const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
type Revision = (typeof REVISIONS)[number];

const NONE = 'No delegations in this project yet.';

interface Opened {
  readonly client: RawClient;
  readonly sandbox: Sandbox;
  /** Parameters as the revision has them. */
  readonly params: (more?: Line) => Line;
}

function envelope(revision: Revision): Line {
  if (revision !== '2026-07-28') return {};
  return {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': revision,
      'io.modelcontextprotocol/clientInfo': {name: 'raw', version: '1'},
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  };
}

/** Requests as real clients send them: raw lines over a real pipe. */
describe.each(['on', 'off'])('with OPENCODE_DELEGATE_HOST=%s', (host) => {
  function start(sandbox: Sandbox, env: Record<string, string> = {}): RawClient {
    const client = new RawClient(sandbox, {env: {OPENCODE_DELEGATE_HOST: host, ...env}});
    onTestFinished(() => client.close());
    return client;
  }

  const home = shareHome();
  const place = (script?: Script): Sandbox => home.scene(script).sandbox;

  async function open(revision: Revision, sandbox: Sandbox): Promise<Opened> {
    const client = start(sandbox);
    const params = (more: Line = {}): Line => ({...more, ...envelope(revision)});
    if (revision === '2026-07-28') {
      await client.request('open', 'server/discover', params());
      return {client, sandbox, params};
    }
    const opening = {protocolVersion: revision, capabilities: {}, clientInfo: {name: 'raw', version: '1'}};
    const {result} = await client.request('open', 'initialize', opening);
    expect(result).toMatchObject({protocolVersion: revision});
    client.send({method: 'notifications/initialized'});
    return {client, sandbox, params};
  }

  const call = (name: string, given: unknown) => ({name, arguments: given}) as Line;

  describe.each(REVISIONS)('a client of %s', (revision) => {
    it('has an answer to every request, whatever is wrong with it', async () => {
      const {client, params} = await open(revision, place());
      const broken: [text: string, code: number, id: unknown][] = [
        ['{"jsonrpc":"2.0","id":1,"method":', -32_700, null],
        ['5', -32_600, null],
        ['{"id":2,"method":"tools/list"}', -32_600, 2],
        ['{"jsonrpc":"2.0","id":"3","method":"tools/list","params":null}', -32_600, '3'],
        ['{"jsonrpc":"2.0","id":4,"method":"tools/list","params":{"_meta":null}}', -32_600, 4],
        [
          '{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"_meta":{"progressToken":null}}}',
          -32_600,
          5,
        ],
        ['{"jsonrpc":"2.0","id":6}', -32_600, 6],
        [JSON.stringify({jsonrpc: '2.0', id: 7, method: 'no/such', params: params()}), -32_601, 7],
        [
          JSON.stringify({jsonrpc: '2.0', id: 8, method: 'tools/call', params: params({name: 'no'})}),
          -32_602,
          8,
        ],
        [JSON.stringify({jsonrpc: '2.0', id: 9, method: 'tools/call', params: params({})}), -32_602, 9],
      ];
      for (const [text, code, id] of broken) {
        const before = client.lines.length;
        client.write(`${text}\n`);
        const answer = await client.line((line) => client.lines.indexOf(line) >= before);
        expect(answer, text).toMatchObject({id, error: {code}});
      }
      const last = await client.request(10, 'tools/call', params(call('delegation_list', {})));
      expect(last).toMatchObject({result: {content: [{text: NONE}]}});
    });

    it('may leave out arguments by null, and add members that nobody knows', async () => {
      const {client, params} = await open(revision, place());
      const list = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: params(call('delegation_list', null)),
        x: 1,
      };
      client.write(`${JSON.stringify(list)}\r\n\r\n`);
      expect(await client.line(({id}) => id === 1)).toMatchObject({result: {content: [{text: NONE}]}});
      expect(await client.request(2, 'tools/list', params({cursor: null}))).toHaveProperty('result.tools');
      const more = {status: 'all', limit: '5', offset: '', nonsense: [1]};
      const listed = await client.request(3, 'tools/call', params(call('delegation_list', more)));
      expect(listed).toMatchObject({result: {content: [{text: NONE}]}});
    });

    it('has what it piped in answered before the bridge ends, also a last line without its end', async () => {
      const client = start(place());
      const params = (more: Line = {}) => ({...more, ...envelope(revision)});
      const opening = {protocolVersion: revision, capabilities: {}, clientInfo: {name: 'raw', version: '1'}};
      const messages =
        revision === '2026-07-28'
          ? [{id: 0, method: 'server/discover', params: params()}]
          : [{id: 0, method: 'initialize', params: opening}, {method: 'notifications/initialized'}];
      for (const message of messages) client.send(message);
      client.send({id: 1, method: 'tools/list', params: params()});
      const last = {jsonrpc: '2.0', id: 2, method: 'tools/call', params: params(call('delegation_list', {}))};
      client.write(JSON.stringify(last));
      await client.close();
      expect(client.lines.find(({id}) => id === 1)).toHaveProperty('result.tools');
      expect(client.lines.find(({id}) => id === 2)).toMatchObject({result: {content: [{text: NONE}]}});
    });
  });

  it('a batch is answered as one in 2025-03-26', async () => {
    const {client} = await open('2025-03-26', place());
    const ping = (id: unknown) => ({jsonrpc: '2.0', id, method: 'ping'});
    const notice = {jsonrpc: '2.0', method: 'notifications/cancelled', params: {requestId: 'none'}};
    client.write(`${JSON.stringify([ping(1), notice, {id: 2, method: 'ping'}, ping('3')])}\n`);
    const answers = await client.line((line) => Array.isArray(line));
    expect(answers).toHaveLength(3);
    expect(answers).toEqual(
      expect.arrayContaining([
        expect.objectContaining({id: 1, result: {}}),
        expect.objectContaining({id: 2, error: expect.objectContaining({code: -32_600})}),
        expect.objectContaining({id: '3', result: {}}),
      ]),
    );
    client.write('[]\n');
    expect(await client.line(({id}) => id === null)).toMatchObject({error: {code: -32_600}});
  });

  it('a batch of nothing but responses is not answered in any revision', async () => {
    for (const revision of REVISIONS) {
      const {client, params} = await open(revision, place());
      const before = client.lines.length;
      client.write(
        `${JSON.stringify([
          {jsonrpc: '2.0', id: 77, result: {}},
          {id: null, result: {}},
        ])}\n`,
      );
      await client.request('next', 'tools/list', params());
      expect(client.lines.slice(before).map(({id}) => id)).toEqual(['next']);
    }
  });

  it('a batch is refused request by request in every other revision', async () => {
    for (const revision of REVISIONS.filter((each) => each !== '2025-03-26')) {
      const {client, params} = await open(revision, place());
      const list = (id: number) => ({jsonrpc: '2.0', id, method: 'tools/list', params: params()});
      client.write(`${JSON.stringify([list(1), list(2)])}\n`);
      for (const id of [1, 2]) {
        expect(await client.line((line) => line.id === id)).toMatchObject({error: {code: -32_600}});
      }
      expect(await client.request(3, 'tools/list', params())).toHaveProperty('result.tools');
    }
  });

  it('a call that is not answered in time at the end of input fails in words, and what it started goes on', async () => {
    const {client, params, sandbox} = await open('2025-11-25', place(STALL));
    const started = await client.request(1, 'tools/call', params(call('delegate', {prompt: 'p'})));
    const id = /[a-z]+-[a-z]+-[a-z]+/.exec(JSON.stringify(started.result))?.[0];
    client.send({id: 2, method: 'tools/call', params: params(call('delegation_read', {id}))});
    await client.close();
    expect(client.lines.find((line) => line.id === 2)).toMatchObject({
      error: {message: expect.stringContaining('input has ended')},
    });
    const later = await open('2025-11-25', sandbox);
    const listed = await later.client.request(1, 'tools/call', params(call('delegation_list', {})));
    expect(JSON.stringify(listed)).toContain(`${id} · ${host === 'on' ? 'running' : 'interrupted'}`);
  });

  it('nothing is answered to a call after its cancellation', async () => {
    const {client, params} = await open('2025-06-18', place(STALL));
    const started = await client.request(1, 'tools/call', params(call('delegate', {prompt: 'p'})));
    const id = /[a-z]+-[a-z]+-[a-z]+/.exec(JSON.stringify(started.result))?.[0];
    client.send({id: 2, method: 'tools/call', params: params(call('delegation_read', {id}))});
    client.send({method: 'notifications/cancelled', params: {requestId: 2, _meta: null}});
    await client.request(3, 'tools/call', params(call('delegation_cancel', {id})));
    await client.close();
    expect(client.lines.filter((line) => line.id === 2)).toEqual([]);
  });

  it('a call that was cancelled before anybody could take it is neither taken nor answered', async () => {
    const sandbox = place();
    // What cannot be used is refused when somebody asks.
    const client = start(sandbox, {OPENCODE_DELEGATE_CONCURRENCY: host === 'on' ? 'many' : '1'});
    client.write(
      [
        {jsonrpc: '2.0', id: 1, method: 'ping'},
        {jsonrpc: '2.0', method: 'notifications/cancelled', params: {requestId: 1}},
        {jsonrpc: '2.0', id: 2, method: 'ping'},
      ]
        .map((message) => `${JSON.stringify(message)}\n`)
        .join(''),
    );
    await client.close();
    expect(client.lines.map(({id}) => id)).toEqual([2]);
  });

  it('a client that is late with its roots is not waited for, and works in the first good one when they come', async () => {
    const sandbox = place(() => ({text: 'done'}));
    const outside = join(sandbox.root, 'outside');
    mkdirSync(outside);
    const client = start({...sandbox, project: outside});
    const opening = {protocolVersion: '2025-06-18', clientInfo: {name: 'raw', version: '1'}};
    await client.request(1, 'initialize', {...opening, capabilities: {roots: {listChanged: true}}});
    client.send({method: 'notifications/initialized'});
    const first = await client.request(2, 'tools/call', call('delegate', {prompt: 'early'}));
    const id = /[a-z]+-[a-z]+-[a-z]+/.exec(JSON.stringify(first.result))?.[0];

    const asked = client.lines.find(({method}) => method === 'roots/list');
    const roots = [
      null,
      {name: 'no place'},
      {uri: 'https://example.com/shop'},
      {uri: 'file:///no/such'},
      {uri: pathToFileURL(sandbox.project).href, name: null},
    ];
    client.write(`${JSON.stringify({jsonrpc: '2.0', id: asked?.id, result: {roots}})}\n`);
    const second = await client.request(3, 'tools/call', call('delegate', {prompt: 'late'}));
    expect(client.lines.filter(({method}) => method === 'notifications/cancelled')).toEqual([]);
    const ids = [id, /[a-z]+-[a-z]+-[a-z]+/.exec(JSON.stringify(second.result))?.[0]];
    for (const [n, directory] of [outside, sandbox.project].entries()) {
      const uri = `delegation://${ids[n]}`;
      const read = await client.request(`read ${n}`, 'tools/call', call('delegation_read', {id: ids[n]}));
      expect(JSON.stringify(read)).toContain(`${ids[n]} · completed`);
      expect(JSON.stringify(await client.request(uri, 'resources/read', {uri}))).toContain(directory);
    }
  });

  it('arguments count as they are meant', async () => {
    const sandbox = place(() => ({text: 'done'}));
    const folder = join(sandbox.env.HOME ?? '', 'a shop');
    mkdirSync(folder);
    const {client, params} = await open('2025-06-18', sandbox);
    let n = 0;
    const answer = async (name: string, given: unknown): Promise<string> => {
      n += 1;
      return JSON.stringify((await client.request(n, 'tools/call', params(call(name, given)))).result);
    };
    const started = await answer('delegate', {
      ...{prompt: 'p', agent: null, model: '', access: '', continue: null, nonsense: true},
      ...{directory: '~/a shop', timeout_minutes: '100000'},
    });
    const id = /[a-z]+-[a-z]+-[a-z]+/.exec(started)?.[0] ?? '';
    expect(started).toContain('up to 1 d of work');
    for (const named of [
      `delegation://${id}`,
      `${id}.md`,
      `/somewhere/${id}.md`,
      ` "${id.toUpperCase()}" `,
      ...[`@${id}`, `${id}.`, `**${id}**`, `\`${id}\`.`],
    ]) {
      const read = await answer('delegation_read', {
        id: named,
        wait_seconds: '60',
        max_chars: 1e9,
        offset: null,
      });
      expect(read).toContain(`${id} · completed`);
    }
    expect(await answer('delegation_list', {status: 'Completed', limit: '1000'})).toContain(id);
    expect(await answer('delegation_list', {status: 'all', limit: null})).toContain(id);
    expect(await answer('delegation_list', {status: 'None', limit: 10.5, offset: false})).toContain(id);
    expect(await answer('delegation_list', [])).toContain(id);
    expect(await answer('delegation_list', '{"limit": "10.0"}')).toContain(id);
    const here = await answer('delegate', {
      ...{prompt: 'p', agent: 'None', model: [], continue: 'nil', timeout_minutes: {}},
      ...{directory: '.', access: 'Read Only'},
    });
    expect(here).toContain('read-only');
    expect(await answer('delegate', {prompt: 'p', directory: `"${folder}"`})).toContain('up to 15 m of work');
    const record = await client.request('record', 'resources/read', params({uri: `delegation://${id}`}));
    expect(JSON.stringify(record)).toContain(folder);
  });
});

it('nothing but messages is written for the client, whatever is logged', async () => {
  const sandbox = createSandbox();
  onTestFinished(() => sandbox.remove());
  const env = {OPENCODE_DELEGATE_LOG: 'debug', NODE_DEBUG: 'net,module', NODE_OPTIONS: '--trace-warnings'};
  const child = execa(process.execPath, [BIN], {
    ...{cwd: sandbox.project, env: {...sandbox.env, ...env}, extendEnv: false},
    input: `${[
      {
        id: 1,
        method: 'initialize',
        params: {protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {name: 'raw', version: '1'}},
      },
      {method: 'notifications/initialized'},
      {id: 2, method: 'tools/call', params: {name: 'delegation_list'}},
    ]
      .map((message) => JSON.stringify({jsonrpc: '2.0', ...message}))
      .join('\n')}\n`,
  });
  const {stdout, stderr} = await child;
  expect(stderr).not.toBe('');
  expect(stdout.split('\n').map((line) => JSON.parse(line))).toMatchObject([
    {id: 1, result: {}},
    {id: 2, result: {content: [{text: NONE}]}},
  ]);
});

it('nothing is answered to a cancelled call when the host dies', async () => {
  const sandbox = createSandbox();
  onTestFinished(() => sandbox.remove());
  const client = new RawClient(sandbox, {env: {OPENCODE_DELEGATE_HOST: 'on'}});
  onTestFinished(() => client.close());
  await client.request(0, 'initialize', {
    ...{protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {name: 'raw', version: '1'}},
  });
  const [pid = 0] = hostsIn(sandbox.runtimeDir);
  // It neither answers nor hears of the cancellation any more.
  process.kill(pid, 'SIGSTOP');
  client.send({id: 1, method: 'tools/list', params: {}});
  client.send({id: 2, method: 'tools/list', params: {}});
  client.send({method: 'notifications/cancelled', params: {requestId: 1}});
  // Answered by the bridge: it has read all that came before.
  client.write('5\n');
  await client.line(({id}) => id === null);
  process.kill(pid, 'SIGKILL');
  expect(await client.line(({id}) => id === 2)).toMatchObject({error: {code: -32_603}});
  expect(await client.request(3, 'ping', {})).toMatchObject({result: {}});
  expect(client.lines.filter(({id}) => id === 1)).toEqual([]);
});
