import {MemoryPool} from '../../src/pool/queue/memory-pool.ts';
import {holdsTheContract} from './queue-contract.ts';

holdsTheContract('in memory', async () => {
  const pool = new MemoryPool();
  return {
    connect: async () => pool.connect(),
    connectCuttable: async () => {
      const queue = pool.connect();
      return {queue, cut: () => queue.cut(), rejoin: () => queue.rejoin()};
    },
    expire: async (id) => pool.loseLease(id),
    close: async () => {},
  };
});
