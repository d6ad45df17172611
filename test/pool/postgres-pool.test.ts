import {openQueue, setUpPool} from '../../src/pool/engine/open.ts';
import {startCuttableProxy} from '../support/cuttable-proxy.ts';
import {startPostgres} from '../support/postgres.ts';
import {holdsTheContract} from './queue-contract.ts';
import {QUICK} from './quick-times.ts';

holdsTheContract('in Postgres', async () => {
  const postgres = await startPostgres();
  await postgres.create('pool');
  await postgres.query('pool', 'CREATE ROLE team LOGIN');
  await setUpPool(postgres.urlOf('pool'), {role: 'team'});
  const url = postgres.urlOf('pool', 'team');
  const proxies: {close(): Promise<void>}[] = [];
  return {
    connect: () => openQueue({url, times: QUICK}),
    connectCuttable: async () => {
      const proxy = await startCuttableProxy(postgres.port);
      proxies.push(proxy);
      const queue = await openQueue({
        url: url.replace(`:${postgres.port}`, `:${proxy.port}`),
        times: QUICK,
      });
      return {queue, cut: proxy.cut, rejoin: proxy.rejoin};
    },
    // It does by itself.
    expire: async () => {},
    close: async () => {
      for (const proxy of proxies) await proxy.close();
      await postgres.stop();
    },
  };
});
