import {once} from 'node:events';
import {connect as connectSocket, type Socket} from 'node:net';
import {createInterface} from 'node:readline';
import {helloLine} from '../../src/link/handshake.ts';

export const HELLO = (cwd: string, version: string) => helloLine({version, cwd, env: {}});

/** A connection to a host's socket, without a bridge's good manners. */
export interface Raw {
  readonly socket: Socket;
  /** The next line that comes; `undefined` when it was closed before. */
  next(): Promise<string | undefined>;
  request(id: number, method: string, params?: Record<string, unknown>): void;
  readonly closed: Promise<void>;
}

export async function connectRaw(address: string): Promise<Raw> {
  const socket = connectSocket(address);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  // Being cut off is what these tests are about.
  socket.on('error', () => {});
  // Made on first use: anyone who does not ask does not read.
  let lines: AsyncIterator<string> | undefined;
  return {
    socket,
    closed,
    async next() {
      lines ??= createInterface({input: socket})[Symbol.asyncIterator]();
      const {value, done} = await lines.next();
      return done ? undefined : value;
    },
    request: (id, method, params = {}) => {
      socket.write(`${JSON.stringify({jsonrpc: '2.0', id, method, params})}\n`);
    },
  };
}

/** The opening exchange of a 2025-11-25 client. */
export async function openRaw(raw: Raw, hello: string): Promise<void> {
  raw.socket.write(hello);
  await raw.next();
  raw.request(0, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: {name: 'raw', version: '1'},
  });
  await raw.next();
  raw.socket.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
}
