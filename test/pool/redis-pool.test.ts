import {describe} from 'vitest';
import {openQueue} from '../../src/pool/engine/open.ts';
import {startCuttableProxy} from '../support/cuttable-proxy.ts';
import {REDIS, startRedis} from '../support/redis.ts';
import {holdsTheContract} from './queue-contract.ts';
import {QUICK} from './quick-times.ts';

describe.skipIf(REDIS === undefined)('with the Redis or Valkey of this machine, if it has one', () => {
  holdsTheContract('in Redis', async () => {
    const redis = await startRedis();
    const url = `redis://127.0.0.1:${redis.port}`;
    const proxies: {close(): Promise<void>}[] = [];
    return {
      connect: () => openQueue({url, times: QUICK}),
      connectCuttable: async () => {
        const proxy = await startCuttableProxy(redis.port);
        proxies.push(proxy);
        const queue = await openQueue({url: `redis://127.0.0.1:${proxy.port}`, times: QUICK});
        return {queue, cut: proxy.cut, rejoin: proxy.rejoin};
      },
      // It does by itself.
      expire: async () => {},
      close: async () => {
        for (const proxy of proxies) await proxy.close();
        await redis.stop();
      },
    };
  });
});
