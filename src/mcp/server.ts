import {
  CLIENT_INFO_META_KEY,
  type McpRequestContext,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  Server,
  type ServerCapabilities,
  type ServerContext,
} from '@modelcontextprotocol/server';
import {z} from 'zod';
import {messageOf, shorten} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {NAME} from '../base/name.ts';
import {oneLine} from '../base/safe-text.ts';
import type {Delegations} from '../delegation/delegations.ts';
import type {Client} from '../delegation/model/delegation.ts';
import type {Environment} from '../delegation/model/ports.ts';
import type {TrustQuestion} from '../delegation/model/trust.ts';
import {callTool} from './calls/call-tool.ts';
import type {Tool, ToolContext} from './calls/tool.ts';
import {answerIn} from './calls/trust-question.ts';
import {declaredAtFirst, declaredIn, showsForms} from './connection/capabilities.ts';
import {ClientConnection} from './connection/client-connection.ts';
import {rootsOf} from './connection/roots.ts';
import {Stamps} from './connection/stamps.ts';
import {instructionsFor, NESTED_INSTRUCTIONS} from './instructions.ts';
import {servePrompts} from './prompts.ts';
import {serveChanges} from './resources/changes.ts';
import {type Artifacts, serveResources} from './resources/resources.ts';
import {declaresTasks, serveTasks, TASKS_EXTENSION} from './tasks/extension.ts';
import {delegate, withModelNames, withPlaces} from './tools/delegate.ts';
import {delegationCancel} from './tools/delegation-cancel.ts';
import {delegationList} from './tools/delegation-list.ts';
import {delegationRead} from './tools/delegation-read.ts';
import {delegationReply} from './tools/delegation-reply.ts';

/** What the server is built on; made once, however many connections it serves. */
export interface DelegationService extends Artifacts {
  readonly delegations: Delegations;
  readonly artifact: (project: string, id: string) => string;
  readonly projectOf: (directory: string) => Promise<string>;
  /** Called when a client has listed tools, and so may delegate. */
  readonly listed: () => void;
  readonly log: Logger;
  readonly version: string;
  /** True in a delegated agent's own environment, where nothing is offered. */
  readonly inside: boolean;
}

/** What is known of a client before it says anything. */
export interface Caller {
  /** The working directory of the client. */
  readonly cwd: string;
  /** The home of the client's user, where its environment names one. */
  readonly home?: string | undefined;
  /** Where its delegations run. */
  readonly environment: Environment;
  /** What it is to be told with the first answer of a tool, if anything. */
  readonly notice?: string | undefined;
  /** What the companion plugin proves itself by, where it has set up the connection. */
  readonly stampSecret?: string | undefined;
}

const TOOLS: readonly Tool[] = [delegate, delegationRead, delegationList, delegationCancel, delegationReply];

/** The definitions as clients list them, all that there can be. */
export const TOOL_DEFINITIONS = TOOLS.map(({definition}) => definition);

/** A factory of servers for one client connection: the same for every protocol revision that is served. */
export function createServerFactory(service: DelegationService, caller: Caller): McpServerFactory {
  // Each connection is told once, whatever the number of servers that answer on it.
  let notice = caller.notice;
  const takeNotice = (): string | undefined => {
    const taken = notice;
    notice = undefined;
    return taken;
  };
  const stamps = new Stamps({...service, secret: caller.stampSecret});
  return ({era}) => {
    const {inside, version, log, delegations} = service;
    const {environment} = caller;
    const server = new Server(
      {name: NAME, title: 'OpenCode Delegate', version},
      {
        capabilities: inside ? {tools: {}} : capabilitiesOf(era),
        instructions: inside ? NESTED_INSTRUCTIONS : instructionsFor(environment.asking.on),
      },
    );
    const {client, seen} = connectionOf(server, {service, ...caller});
    serveTools(server, {service, client, seen, environment, takeNotice, stamps});
    if (inside) return server;
    const project = (id?: string) => client.project(id);
    serveResources(server, {delegations, artifacts: service, project});
    serveChanges(server, {delegations, project, era, log});
    servePrompts(server, {delegations, project});
    if (era === 'modern') serveTasks(server, {delegations, project, directory: () => client.directory()});
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

function connectionOf(server: Server, {service, cwd, home}: Caller & {readonly service: DelegationService}) {
  let lastSeen: Client | undefined;
  const client = new ClientConnection({
    ...{cwd, home},
    projectOf: service.projectOf,
    knows: (project, id) =>
      service.delegations.get(project, id).then(
        () => true,
        () => false,
      ),
    identity: () => lastSeen ?? identityOf(server.getClientVersion()),
    roots: () => rootsOf(server, service.log),
  });
  server.setNotificationHandler('notifications/roots/list_changed', () => client.rootsChanged());
  const seen = (context: ServerContext): void => {
    lastSeen = envelopeIdentity(context) ?? lastSeen;
  };
  return {client, seen};
}

interface ToolsOptions {
  readonly service: DelegationService;
  readonly client: ClientConnection;
  readonly environment: Environment;
  /** What the client is to be told, the first time that it is asked for. */
  readonly takeNotice: () => string | undefined;
  /** To be called with each request, as it may say who sends it. */
  readonly seen: (context: ServerContext) => void;
  readonly stamps: Stamps;
}

function serveTools(server: Server, options: ToolsOptions): void {
  const {service, client, seen, environment, takeNotice, stamps} = options;
  const {inside, delegations, artifact, log} = service;
  const tools = inside ? [] : TOOLS;
  server.setRequestHandler('tools/list', (_request, context) => {
    if (inside) return {tools: []};
    seen(context);
    service.listed();
    // Anyone who delegates next need not wait for git.
    client.project().catch((error: unknown) => log.debug(`no project yet: ${messageOf(error)}`));
    return {
      tools: tools.map(({definition}) =>
        withPlaces(withModelNames(definition, environment.modelNames), environment.pool),
      ),
    };
  });
  server.setRequestHandler('tools/call', async ({params}, context) => {
    const tool = tools.find(({definition}) => definition.name === params.name);
    if (tool === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
    }
    seen(context);
    const progress = progressOf(context);
    const {signal} = context.mcpReq;
    const input = params.arguments ?? {};
    const issued = await stamps.callerOf(input, () => client.project());
    return callTool(tool, input, {
      ...{delegations, artifact, client, log, environment, takeNotice},
      ...{signal, isCancelled: () => signal.aborted && !(signal.reason instanceof SdkError)},
      knowsTasks: declaresTasks(context),
      ...(showsForms(declaredIn(context) ?? declaredAtFirst(server.getClientCapabilities())) && {
        askTrust: (question: TrustQuestion) => answerIn(context.mcpReq.inputResponses, question),
      }),
      ...(progress !== undefined && {progress}),
      ...(issued !== undefined && {caller: issued}),
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
      .notify({
        method: 'notifications/progress',
        params: {progressToken, progress, message: oneLine(message)},
      })
      .catch(() => {});
  };
}

/** Since 2026-07-28 every request says who sends it; before, the opening exchange did. */
function envelopeIdentity({mcpReq}: ServerContext): Client | undefined {
  const envelope: Record<string, unknown> = {...mcpReq.envelope};
  const info = envelope[CLIENT_INFO_META_KEY];
  return info === undefined ? undefined : identityOf(info);
}

/** It stands in every record of the client's. */
const MAX_IDENTITY_CHARS = 100;
const identity = z.string().transform((text) => shorten(text, MAX_IDENTITY_CHARS));
const clientInfo = z.object({name: identity, version: identity});

function identityOf(info: unknown): Client {
  const parsed = clientInfo.safeParse(info);
  return parsed.success ? parsed.data : {name: 'unknown', version: ''};
}
