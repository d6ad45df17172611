import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {duplexPair, PassThrough} from 'node:stream';
import {expect, it} from 'vitest';
import {Bridge} from '../../src/bridge/bridge.ts';
import {FakeLog} from '../support/fakes.ts';

const line = (message: Record<string, unknown>): string =>
  `${JSON.stringify({jsonrpc: '2.0', ...message})}\n`;

it('a cancellation counts when it is read, also while the host takes nothing more', async () => {
  const [near, far] = duplexPair();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const bridge = new Bridge({input, output, connect: async () => near, log: new FakeLog()});
  const over = bridge.run();
  const answers = createInterface({input: output})[Symbol.asyncIterator]();

  input.write(line({id: 1, method: 'tools/call', params: {text: 'x'.repeat(1_000_000)}}));
  await once(far, 'readable');
  input.write(line({method: 'notifications/cancelled', params: {requestId: 1}}));
  // Answered by the bridge itself: it has read the cancellation, which the host has not.
  input.write('5\n');
  expect((await answers.next()).value).toContain('-32600');

  far.write(line({id: 1, result: {}}));
  far.write(line({method: 'notifications/message'}));
  expect((await answers.next()).value).toContain('notifications/message');
  far.resume();
  input.end();
  expect(await over).toBe(0);
});
