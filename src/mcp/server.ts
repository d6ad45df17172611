import {
  CLIENT_INFO_META_KEY,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import {z} from 'zod';
import type {Client} from '../delegation/delegation.ts';
import type {Delegations} from '../delegation/delegations.ts';
import {messageOf, Refusal} from '../delegation/errors.ts';
import type {Logger} from '../log.ts';
import {ClientConnection} from './client-connection.ts';
import {INSIDE_INSTRUCTIONS, INSTRUCTIONS} from './instructions.ts';
import {renderUnread} from './render.ts';
import type {Answer, Tool, ToolContext} from './tool.ts';
import {delegate} from './tools/delegate.ts';
import {delegationCancel} from './tools/delegation-cancel.ts';
import {delegationList} from './tools/delegation-list.ts';
import {delegationRead} from './tools/delegation-read.ts';

/** What the server is built on; made once, however many connections it serves. */
export interface Backend {
  readonly delegations: Delegations;
  readonly artifact: (project: string, id: string) => string;
  readonly projectOf: (directory: string) => Promise<string>;
  /** Called when a client has listed tools: what a delegation will need can be got ready. */
  readonly warm: (directory: string) => void;
  readonly log: Logger;
  readonly version: string;
  /** True in a delegated agent's own environment, where nothing is offered. */
  readonly inside: boolean;
}

const TOOLS: readonly Tool[] = [delegate, delegationRead, delegationList, delegationCancel];

/** The definitions as clients list them. */
export const TOOL_DEFINITIONS = TOOLS.map(({definition}) => definition);

/** A factory of servers for one client connection: the same for every protocol revision that is served. */
export function createServerFactory(backend: Backend, {cwd}: {cwd: string}): McpServerFactory {
  return () => {
    const {inside, version, log} = backend;
    const server = new Server(
      {name: 'opencode-delegate', title: 'OpenCode Delegate', version},
      {capabilities: {tools: {}}, instructions: inside ? INSIDE_INSTRUCTIONS : INSTRUCTIONS},
    );
    let lastSeen: Client | undefined;
    const client = new ClientConnection({
      cwd,
      projectOf: backend.projectOf,
      identity: () => lastSeen ?? identityOf(server.getClientVersion()),
      roots: () => rootsOf(server, log),
    });
    const seen = (context: ServerContext) => {
      lastSeen = envelopeIdentity(context) ?? lastSeen;
    };
    server.setNotificationHandler('notifications/roots/list_changed', () => client.rootsChanged());
    server.setRequestHandler('tools/list', (_request, context) => {
      if (inside) return {tools: []};
      seen(context);
      void client.directory().then(backend.warm);
      return {tools: [...TOOL_DEFINITIONS]};
    });
    server.setRequestHandler('tools/call', async ({params}, context) => {
      const tool = TOOLS.find(({definition}) => definition.name === params.name);
      if (tool === undefined || inside) {
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
      }
      seen(context);
      return callTool(tool, params.arguments ?? {}, {
        backend,
        client,
        signal: context.mcpReq.signal,
        progress: progressOf(context),
      });
    });
    return server;
  };
}

interface Call {
  readonly backend: Backend;
  readonly client: ClientConnection;
  readonly signal: AbortSignal;
  readonly progress: ToolContext['progress'] | undefined;
}

/** The one place that checks input, turns errors into results, and adds what is still unread. */
async function callTool(tool: Tool, input: unknown, {backend, client, signal, progress}: Call) {
  const {delegations, artifact, log} = backend;
  let answer: Answer;
  let isError = false;
  try {
    answer = await tool.call(input, {
      delegations,
      artifact,
      client,
      signal,
      ...(progress !== undefined && {progress}),
    });
  } catch (error) {
    isError = true;
    if (!(error instanceof Refusal))
      log.error(`${tool.definition.name}: ${error instanceof Error ? error.stack : error}`);
    answer = {
      blocks: [
        error instanceof Refusal ? error.message : `A fault in opencode-delegate: ${messageOf(error)}`,
      ],
    };
  }
  const unread = await unreadLine({delegations, client, told: answer.told, log});
  const blocks = unread === '' ? answer.blocks : [...answer.blocks, unread];
  return {content: blocks.map((text) => ({type: 'text' as const, text})), ...(isError && {isError})};
}

async function unreadLine({
  delegations,
  client,
  told,
  log,
}: {
  delegations: Delegations;
  client: ClientConnection;
  told: string | undefined;
  log: Logger;
}): Promise<string> {
  try {
    const ids = await delegations.unread(await client.project());
    return renderUnread(ids.filter((id) => id !== told));
  } catch (error) {
    // The answer matters more than this line.
    log.warn(`unread delegations could not be listed: ${messageOf(error)}`);
    return '';
  }
}

function progressOf({mcpReq}: ServerContext): ToolContext['progress'] | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  return (message) => {
    progress += 1;
    // A client that has gone away needs no progress; its call is being cancelled.
    mcpReq
      .notify({method: 'notifications/progress', params: {progressToken, progress, message}})
      .catch(() => {});
  };
}

/** Since 2026-07-28 every request says who sends it; before, the opening exchange did. */
function envelopeIdentity({mcpReq}: ServerContext): Client | undefined {
  const envelope: Record<string, unknown> = {...mcpReq.envelope};
  const info = envelope[CLIENT_INFO_META_KEY];
  return info === undefined ? undefined : identityOf(info);
}

const clientInfo = z.object({name: z.string(), version: z.string()});

function identityOf(info: unknown): Client {
  const parsed = clientInfo.safeParse(info);
  return parsed.success ? parsed.data : {name: 'unknown', version: ''};
}

async function rootsOf(server: Server, log: Logger): Promise<readonly string[]> {
  if (server.getClientCapabilities()?.roots === undefined) return [];
  try {
    return (await server.listRoots()).roots.map(({uri}) => uri);
  } catch (error) {
    // Revisions since 2026-07-28 have no requests from server to client; then the working directory counts.
    log.debug(`the client's roots could not be listed: ${messageOf(error)}`);
    return [];
  }
}
