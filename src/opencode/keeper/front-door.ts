/**
 * Stands before OpenCode's own look at a password. What OpenCode itself knows can be had by its name: a repository's
 * configuration that says `{env:OPENCODE_SERVER_PASSWORD}`, or names that variable for a provider's key, is filled in
 * with it and sends it wherever it likes. So OpenCode knows one that opens nothing from outside: who comes has to show
 * the other, of which OpenCode never hears. The clients that OpenCode makes for its plugins come from this process, and
 * are given it on their way out.
 */
import type {Server as HttpServer, IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';

/** What a server says when somebody comes, with the other end of what is to be answered. */
const ARRIVALS: readonly string[] = ['request', 'upgrade', 'connect', 'checkContinue', 'checkExpectation'];
const UNAUTHORIZED = 401;
/** How OpenCode names itself to its plugins. */
const HERE: readonly string[] = ['127.0.0.1', 'localhost'];

export interface FrontDoor {
  /** Where OpenCode listens. The process may have other servers, for logins, which are not held. */
  readonly port: number;
  /** What somebody from outside has to send as `authorization`. */
  readonly outside: string;
  /** What OpenCode is given in its place. */
  readonly inside: string;
}

/** Must be called before OpenCode listens. */
export function closeFrontDoor(door: FrontDoor): void {
  letOnlyIn(door);
  letPluginsIn(door);
}

function letOnlyIn({port, outside, inside}: FrontDoor): void {
  const {Server} = process.getBuiltinModule('node:http');
  const {emit} = Server.prototype;
  Server.prototype.emit = function (this: HttpServer, event: string, ...given: unknown[]): boolean {
    const goOn = () => Reflect.apply(emit, this, [event, ...given]);
    if (!ARRIVALS.includes(event) || !listensOn(this.address(), port)) return goOn();
    const [{headers}, answer] = given as [IncomingMessage, ServerResponse | Duplex];
    if (!isSame(headers.authorization ?? '', outside)) return refuse(answer);
    headers.authorization = inside;
    return goOn();
  };
}

/**
 * The clients of plugins ask with a `Request`. All that a configuration has OpenCode ask (MCP servers, providers, pages)
 * is asked by its address, and so gets nothing, whatever headers the configuration gives it.
 */
function letPluginsIn({port, outside, inside}: FrontDoor): void {
  const {fetch} = globalThis;
  const letIn = (...given: Parameters<typeof fetch>) => {
    const [request] = given;
    if (request instanceof Request && isHere(request.url, port)) {
      const {headers} = request;
      if (headers.get('authorization') === inside) headers.set('authorization', outside);
    }
    return fetch(...given);
  };
  globalThis.fetch = Object.assign(letIn, fetch);
}

function isHere(url: string, port: number): boolean {
  const {hostname, port: asked} = new URL(url);
  return HERE.includes(hostname) && asked === String(port);
}

function listensOn(address: unknown, port: number): boolean {
  return typeof address === 'object' && address !== null && Reflect.get(address, 'port') === port;
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, wanted: string): boolean {
  const {timingSafeEqual} = process.getBuiltinModule('node:crypto');
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refuse(answer: ServerResponse | Duplex): true {
  if ('writeHead' in answer) answer.writeHead(UNAUTHORIZED).end();
  else answer.destroy();
  return true;
}
