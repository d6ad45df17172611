import {describe, expect, it} from 'vitest';
import {type Judged, judgeMessage} from '../../src/bridge/judge.ts';

const line = (message: unknown): Buffer =>
  Buffer.from(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`);
const request = (more: Record<string, unknown>) => ({jsonrpc: '2.0', id: 7, method: 'tools/call', ...more});
const passedOf = (judged: Judged): unknown =>
  'passed' in judged ? JSON.parse(judged.passed.line.toString()) : judged;

describe('a request', () => {
  it.each([
    ['is no JSON', '{"jsonrpc":"2.0","id":7,\n', -32_700, null],
    ['is cut off in a text', '{"jsonrpc":"2.0","id":7,"method":"pi\n', -32_700, null],
    ['is a number', 42, -32_600, null],
    ['is a text', '"ping"\n', -32_600, null],
    ['is null', null, -32_600, null],
    ['is an empty object', {}, -32_600, null],
    ['is an empty batch', [], -32_600, null],
    ['lacks jsonrpc', {id: 7, method: 'ping'}, -32_600, 7],
    ['is of JSON-RPC 1', request({jsonrpc: '1.0'}), -32_600, 7],
    ['has jsonrpc as a number', request({jsonrpc: 2, id: 'a'}), -32_600, 'a'],
    ['lacks a method', {jsonrpc: '2.0', id: 7}, -32_600, 7],
    ['has a method that is no text', request({method: 5}), -32_600, 7],
    ['has a null id', request({id: null}), -32_600, null],
    ['has an object for an id', request({id: {}}), -32_600, null],
    ['has a fraction for an id', request({id: 1.5}), -32_600, 1.5],
    ['has null params', request({params: null}), -32_600, 7],
    ['has params in order', request({params: ['x']}), -32_600, 7],
    ['has a null _meta', request({params: {_meta: null}}), -32_600, 7],
    ['has a _meta that is a text', request({params: {_meta: 'x'}}), -32_600, 7],
    ['has a null progressToken', request({params: {_meta: {progressToken: null}}}), -32_600, 7],
    ['has an object for a progressToken', request({params: {_meta: {progressToken: {}}}}), -32_600, 7],
    [
      'goes down too deep',
      `{"jsonrpc":"2.0","id":7,"method":"x","params":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}\n`,
      -32_600,
      7,
    ],
  ])('that %s is answered with %s', (_, message, code, id) => {
    const judged = judgeMessage(line(message));
    expect('answer' in judged && JSON.parse(judged.answer)).toMatchObject({
      jsonrpc: '2.0',
      id,
      error: {code},
    });
  });

  it.each([
    ['a number that is read as another one', '9007199254740993'],
    ['one below', '-9007199254740993'],
    ['one that is longer still', '123456789012345678901234567890'],
  ])('whose id is %s is refused under that very id', (_, id) => {
    const asked = `{"jsonrpc":"2.0","method":"x","params":{"id":1},"id": ${id}}`;
    const single = judgeMessage(line(`${asked}\n`));
    expect('answer' in single && single.answer).toContain(`"id":${id},"error"`);
    expect('answer' in single && single.answer).toContain('an integer up to 9007199254740991');
    const several = judgeMessage(line(`[${JSON.stringify(request({}))},${asked}]\n`));
    expect('batch' in several && several.batch[1]).toEqual(single);
  });

  it('whose id is written in a way that cannot be said back is answered under none', () => {
    const judged = judgeMessage(line('{"jsonrpc":"2.0","id":9.007199254740993e15,"method":"x"}\n'));
    expect('answer' in judged && JSON.parse(judged.answer).id).toBeNull();
  });

  it.each([
    [
      'an empty list for arguments',
      {params: {name: 'x', arguments: []}},
      {params: {name: 'x', arguments: {}}},
    ],
    ['arguments as text', {params: {arguments: '{"a": 1}'}}, {params: {arguments: {a: 1}}}],
    ['no text for arguments', {params: {arguments: ''}}, {params: {arguments: {}}}],
    ['an empty list for params', {method: 'ping', params: []}, {method: 'ping', params: {}}],
  ])('with %s goes on as it is meant', (_, more, expected) => {
    expect(passedOf(judgeMessage(line(request(more))))).toEqual(request(expected));
  });

  it.each(['{"a":', '[1]', 'text', '5'])('with %s for arguments is for the server to refuse', (given) => {
    const asked = request({params: {name: 'x', arguments: given}});
    expect(passedOf(judgeMessage(line(asked)))).toEqual(asked);
  });

  it('that is right goes on byte by byte', () => {
    const given = Buffer.from(
      ' { "id" : 7 , "jsonrpc":"2.0","method":"ping", "params" : {"a" : [1.0, null]} }\r\n',
    );
    expect(judgeMessage(given)).toMatchObject({
      passed: {line: given, message: {kind: 'request', id: 7, method: 'ping'}},
    });
  });

  it.each([
    ['null arguments', {params: {name: 'x', arguments: null}}, {params: {name: 'x'}}],
    ['a null cursor', {params: {cursor: null}}, {params: {}}],
    [
      'null members further down',
      {params: {capabilities: {roots: null, x: [{y: null}]}, clientInfo: {name: 'n', title: null}}},
      {params: {capabilities: {x: [{}]}, clientInfo: {name: 'n'}}},
    ],
    ['members that JSON-RPC does not know', {params: {}, auth: 'x', result: null}, {params: {}}],
  ])('goes on without %s', (_, more, expected) => {
    expect(passedOf(judgeMessage(line(request(more))))).toEqual(request(expected));
  });

  it('that a Windows shell has piped is understood', () => {
    expect(passedOf(judgeMessage(line(`\ufeff${JSON.stringify(request({}))}\r\n`)))).toEqual(request({}));
  });
});

describe('a notification', () => {
  const method = 'notifications/cancelled';
  it.each([
    ['lacks jsonrpc', {method, params: {requestId: 1}}, {params: {requestId: 1}}],
    ['has null params', {jsonrpc: '2.0', method, params: null}, {}],
    [
      'has a null _meta',
      {jsonrpc: '2.0', method, params: {requestId: 1, _meta: null}},
      {params: {requestId: 1}},
    ],
  ])('that %s counts all the same, as it cannot be answered', (_, given, expected) => {
    expect(passedOf(judgeMessage(line(given)))).toEqual({jsonrpc: '2.0', method, ...expected});
  });

  it('that nothing can be made of is dropped', () => {
    expect(judgeMessage(line({jsonrpc: '2.0', method, params: {_meta: 5}}))).toEqual({nothing: true});
  });
});

describe('a response', () => {
  it.each([
    [
      'has both result and error',
      {jsonrpc: '2.0', id: 0, result: {roots: []}, error: null},
      {result: {roots: []}},
    ],
    [
      'has an error and a null result',
      {jsonrpc: '2.0', id: 0, result: null, error: {code: 1}},
      {error: {code: 1}},
    ],
    ['has a null result', {jsonrpc: '2.0', id: 0, result: null}, {result: {}}],
    ['lacks jsonrpc', {id: 0, result: {}}, {result: {}}],
  ])('that %s goes on as it is meant', (_, given, expected) => {
    expect(passedOf(judgeMessage(line(given)))).toEqual({jsonrpc: '2.0', id: 0, ...expected});
  });

  it('without a usable id is dropped: an answer to it would be taken for one to a request', () => {
    expect(judgeMessage(line({jsonrpc: '2.0', id: null, result: {}}))).toEqual({nothing: true});
  });
});

it.each(['\n', '\r\n', '  \n'])('an empty line is nothing: %j', (text) => {
  expect(judgeMessage(Buffer.from(text))).toEqual({nothing: true});
});

it('a batch is judged message by message', () => {
  const judged = judgeMessage(line([request({}), 5, {method: 'x'}]));
  expect('batch' in judged && judged.batch.map((entry) => Object.keys(entry)[0])).toEqual([
    'passed',
    'answer',
    'passed',
  ]);
});
