import {
  CLIENT_INFO_META_KEY,
  type McpRequestContext,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerCapabilities,
  type ServerContext,
} from '@modelcontextprotocol/server';
import {z} from 'zod';
import type {Client} from '../delegation/delegation.ts';
import type {Delegations} from '../delegation/delegations.ts';
import {messageOf} from '../delegation/errors.ts';
import type {Logger} from '../log.ts';
import {callTool} from './call-tool.ts';
import {ClientConnection} from './client-connection.ts';
import {INSIDE_INSTRUCTIONS, instructionsFor} from './instructions.ts';
import {servePrompts} from './prompts.ts';
import {serveChanges} from './resources/changes.ts';
import {type Artifacts, serveResources} from './resources/resources.ts';
import {stampOf} from './stamp.ts';
import {declaresTasks, serveTasks, TASKS_EXTENSION} from './tasks/extension.ts';
import type {Tool, ToolContext} from './tool.ts';
import {delegate} from './tools/delegate.ts';
import {delegationCancel} from './tools/delegation-cancel.ts';
import {delegationList} from './tools/delegation-list.ts';
import {delegationRead} from './tools/delegation-read.ts';
import {delegationReply} from './tools/delegation-reply.ts';

/** What the server is built on; made once, however many connections it serves. */
export interface Backend extends Artifacts {
  readonly delegations: Delegations;
  readonly artifact: (project: string, id: string) => string;
  readonly projectOf: (directory: string) => Promise<string>;
  /** Called when a client has listed tools: what a delegation will need can be got ready. */
  readonly warm: (directory: string) => void;
  readonly log: Logger;
  readonly version: string;
  /** True in a delegated agent's own environment, where nothing is offered. */
  readonly inside: boolean;
  /** True when clients may answer what agents ask. */
  readonly isAnswered: boolean;
}

const TOOLS: readonly Tool[] = [delegate, delegationRead, delegationList, delegationCancel, delegationReply];

/** The definitions as clients list them, all that there can be. */
export const TOOL_DEFINITIONS = TOOLS.map(({definition}) => definition);

/** What there is to offer: nothing to a delegated agent, and no reply where nothing waits for one. */
function offered({inside, isAnswered}: Backend): readonly Tool[] {
  if (inside) return [];
  return isAnswered ? TOOLS : TOOLS.filter((tool) => tool !== delegationReply);
}

/** A factory of servers for one client connection: the same for every protocol revision that is served. */
export function createServerFactory(backend: Backend, {cwd}: {cwd: string}): McpServerFactory {
  return ({era}) => {
    const {inside, isAnswered, version, log, delegations} = backend;
    const server = new Server(
      {name: 'opencode-delegate', title: 'OpenCode Delegate', version},
      {
        capabilities: inside ? {tools: {}} : capabilitiesOf(era),
        instructions: inside ? INSIDE_INSTRUCTIONS : instructionsFor(isAnswered ? 'wait' : 'reject'),
      },
    );
    const {client, seen} = connectionOf(server, {backend, cwd});
    serveTools(server, {backend, client, seen});
    if (inside) return server;
    const project = () => client.project();
    serveResources(server, {delegations, artifacts: backend, project});
    serveChanges(server, {delegations, project, era, log});
    servePrompts(server, {delegations, project});
    if (era === 'modern') serveTasks(server, {delegations, project});
    return server;
  };
}

function capabilitiesOf(era: McpRequestContext['era']): ServerCapabilities {
  return {
    tools: {},
    resources: {subscribe: true, listChanged: true},
    prompts: {},
    completions: {},
    ...(era === 'modern' && {extensions: {[TASKS_EXTENSION]: {}}}),
  };
}

function connectionOf(server: Server, {backend, cwd}: {backend: Backend; cwd: string}) {
  let lastSeen: Client | undefined;
  const client = new ClientConnection({
    cwd,
    projectOf: backend.projectOf,
    identity: () => lastSeen ?? identityOf(server.getClientVersion()),
    roots: () => rootsOf(server, backend.log),
  });
  server.setNotificationHandler('notifications/roots/list_changed', () => client.rootsChanged());
  const seen = (context: ServerContext): void => {
    lastSeen = envelopeIdentity(context) ?? lastSeen;
  };
  return {client, seen};
}

interface ToolsOptions {
  readonly backend: Backend;
  readonly client: ClientConnection;
  /** To be called with each request, as it may say who sends it. */
  readonly seen: (context: ServerContext) => void;
}

function serveTools(server: Server, {backend, client, seen}: ToolsOptions): void {
  const {inside, delegations, artifact, log} = backend;
  const tools = offered(backend);
  server.setRequestHandler('tools/list', (_request, context) => {
    if (inside) return {tools: []};
    seen(context);
    void client.directory().then(backend.warm);
    return {tools: tools.map(({definition}) => definition)};
  });
  server.setRequestHandler('tools/call', ({params}, context) => {
    const tool = tools.find(({definition}) => definition.name === params.name);
    if (tool === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
    }
    seen(context);
    const progress = progressOf(context);
    const input = params.arguments ?? {};
    const caller = stampOf(input, log);
    return callTool(tool, input, {
      ...{delegations, artifact, client, log},
      signal: context.mcpReq.signal,
      knowsTasks: declaresTasks(context),
      ...(progress !== undefined && {progress}),
      ...(caller !== undefined && {caller}),
    });
  });
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
