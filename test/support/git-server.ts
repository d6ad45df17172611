import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface GitServerOptions {
  /** The folder that the repositories are in. */
  readonly root: string;
  /** `user:password` that whoever fetches must have. */
  readonly login?: string;
}

/** Serves repositories by http as git hosts do, by git's own program for that. */
export class GitServer {
  readonly url: string;
  /** The URLs that were asked for. */
  readonly asked: string[] = [];
  /** How many bytes it has answered with. */
  sent = 0;
  /** Waits with the objects of the next fetch until it is resolved. */
  hold: Promise<void> | undefined;
  /** Resolves when a fetch waits there. */
  held: (() => void) | undefined;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start({root, login}: GitServerOptions): Promise<GitServer> {
    let own: GitServer | undefined;
    const server = createServer((request, response) => {
      const answer = async () => {
        own?.asked.push(request.url ?? '');
        const given = request.headers.authorization;
        if (login !== undefined && given !== `Basic ${Buffer.from(login).toString('base64')}`) {
          response.writeHead(401, {'www-authenticate': 'Basic realm="git"'}).end();
          return;
        }
        if (request.method === 'POST' && own?.hold !== undefined) {
          own.held?.();
          await own.hold;
        }
        serve(root, request, response, (bytes) => {
          if (own !== undefined) own.sent += bytes;
        });
      };
      void answer();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    own = new GitServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return own;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function serve(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
  sending: (bytes: number) => void,
): void {
  const {pathname, searchParams} = new URL(request.url ?? '/', 'http://x');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...{PATH: process.env.PATH, GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', GIT_CONFIG_NOSYSTEM: '1'},
      ...{PATH_INFO: decodeURIComponent(pathname), QUERY_STRING: searchParams.toString(), HOME: root},
      ...{REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers['content-type'] ?? ''},
      ...{GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''), REMOTE_ADDR: '127.0.0.1'},
      ...(request.headers['content-encoding'] !== undefined && {
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin).on('error', () => {});
  response.on('close', () => child.kill());
  let head = Buffer.alloc(0);
  let isBody = false;
  child.stdout.on('data', (chunk: Buffer) => {
    sending(chunk.length);
    if (isBody) {
      // What a slow reader has not taken yet must not pile up here: it may be a gigabyte.
      if (response.write(chunk)) return;
      child.stdout.pause();
      response.once('drain', () => child.stdout.resume());
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    isBody = true;
    const fields = head
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(': '));
    const status = fields.find(([name]) => name === 'Status')?.[1];
    response.writeHead(
      Number(status?.slice(0, 3) ?? 200),
      Object.fromEntries(fields.filter(([name]) => name !== 'Status')),
    );
    response.write(head.subarray(end + 4));
  });
  child.stdout.on('end', () => response.end());
}
