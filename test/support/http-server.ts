import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {pipeline} from 'node:stream/promises';
import {createMcpHandler, type McpServerFactory} from '@modelcontextprotocol/server';

/** A factory of ours behind HTTP on loopback, for tools that speak nothing else. */
export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Changes what a client sends before the server sees it. */
export interface Translation {
  readonly body: (body: string) => string;
  /** Of the tool, as it stands in the header `Mcp-Name`. */
  readonly name: (name: string) => string;
}

export async function serveHttp(factory: McpServerFactory, translation: Translation): Promise<HttpServer> {
  const handler = createMcpHandler(factory);
  const server = createServer((incoming, response) => {
    requestOf(incoming, response, translation)
      .then((request) => handler.fetch(request))
      .then((served) => send(served, response))
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      await handler.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function requestOf(
  incoming: IncomingMessage,
  response: ServerResponse,
  translation: Translation,
): Promise<Request> {
  const given = await text(incoming);
  const body = given === '' ? '' : translation.body(given);
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct))
    for (const value of values) headers.append(name, value);
  headers.delete('content-length');
  const name = headers.get('mcp-name');
  if (name !== null) headers.set('mcp-name', translation.name(name));
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method ?? 'GET',
    headers,
    signal: gone.signal,
    ...(body !== '' && {body}),
  });
}

async function send(served: Response, response: ServerResponse): Promise<void> {
  response.writeHead(served.status, Object.fromEntries(served.headers));
  if (served.body === null) response.end();
  else await pipeline(Readable.fromWeb(served.body), response);
}
