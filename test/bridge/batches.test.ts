import {expect, it} from 'vitest';
import {Batches} from '../../src/bridge/batches.ts';

const answer = (id: number | string, result = {}) => `${JSON.stringify({jsonrpc: '2.0', id, result})}\n`;
const REFUSED = '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}\n';

it('the answers to a batch come together, in one line, when the last one is there', () => {
  const batches = new Batches();
  expect(batches.open([1, '1'], [REFUSED])).toBeUndefined();
  expect(batches.pass(answer('1', {a: 1}))).toBeUndefined();
  const line = batches.pass(Buffer.from(answer(1)));
  expect(line).toMatch(/^\[.*\]\n$/);
  expect(JSON.parse(String(line))).toEqual(
    [REFUSED, answer('1', {a: 1}), answer(1)].map((each) => JSON.parse(each)),
  );
  expect(batches.pass(answer(1))).toBe(answer(1));
});

it('what is not of a batch passes meanwhile', () => {
  const batches = new Batches();
  batches.open([1], []);
  const notice = '{"jsonrpc":"2.0","method":"notifications/progress"}\n';
  for (const line of [answer(2), notice]) expect(batches.pass(line)).toBe(line);
});

it('a batch without requests is answered with what is wrong in it, or not at all', () => {
  const batches = new Batches();
  expect(batches.open([], [REFUSED])).toBe(`[${REFUSED.trim()}]\n`);
  expect(batches.open([], [])).toBeUndefined();
});

it('a cancelled request is not answered, and the others do not wait for it', () => {
  const batches = new Batches();
  batches.open([1, 2], []);
  batches.pass(answer(1));
  expect(batches.cancelled(2)).toBe(`[${answer(1).trim()}]\n`);
  batches.open([3], []);
  expect(batches.cancelled(3)).toBeUndefined();
});
