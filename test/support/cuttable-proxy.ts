import {once} from 'node:events';
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';

/** A TCP proxy on loopback whose network can be cut. */
export interface CuttableProxy {
  readonly port: number;
  /** Breaks all connections, and lets none through. */
  cut(): void;
  /** Lets nothing through any more, and says nothing of it: as a cable that is pulled out. */
  swallow(): void;
  rejoin(): void;
  /** Cuts when so many bytes have gone to the server, or come from it, from now. Resolves when that has happened. */
  cutAfter(bytes: number, which?: 'to the server' | 'from the server'): Promise<void>;
  close(): Promise<void>;
}

/** Starts one before a port of this machine. */
export async function startCuttableProxy(target: number): Promise<CuttableProxy> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'swallowing' = 'open';
  let limit: {left: number; readonly isToServer: boolean; readonly reached: () => void} | undefined;

  const cut = () => {
    state = 'cut';
    for (const socket of sockets) socket.destroy();
    limit?.reached();
    limit = undefined;
  };
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const pass = (from: Socket, to: Socket, isToServer: boolean) => {
    from.on('data', (chunk: Buffer) => {
      if (state !== 'open') return;
      if (limit?.isToServer === isToServer) limit.left -= chunk.length;
      if (limit !== undefined && limit.left < 0) cut();
      else to.write(chunk);
    });
    from.on('close', () => to.destroy());
  };
  const server = createServer((client) => {
    keep(client);
    if (state === 'cut') {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    keep(upstream);
    pass(client, upstream, true);
    pass(upstream, client, false);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    swallow: () => {
      state = 'swallowing';
    },
    rejoin: () => {
      // What was swallowed does not come later: those connections are of no use.
      for (const socket of sockets) socket.destroy();
      limit = undefined;
      state = 'open';
    },
    cutAfter: (bytes, which = 'to the server') =>
      new Promise((reached) => {
        limit = {left: bytes, isToServer: which === 'to the server', reached};
      }),
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
