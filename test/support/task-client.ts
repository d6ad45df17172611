import {Client, type JSONRPCMessage} from '@modelcontextprotocol/client';
import {StdioClientTransport} from '@modelcontextprotocol/client/stdio';
import {
  createApplicationInputHandler,
  createTaskSessionFromClient,
  type ApplicationElicitResult as ElicitResult,
  type JsonRpcResponse,
  type TaskEnabledSession,
} from '@modelcontextprotocol/ext-tasks/client';
import {toJsonValue} from '@modelcontextprotocol/ext-tasks/core';
import {BIN, type Sandbox} from './sandbox.ts';

const REVISION = '2026-07-28';
const IDENTITY = {name: 'test-client', version: '1.0.0'};

/** A client of the 2.x SDK that declares the tasks extension, by the extension's own client library. */
export interface TaskClient {
  readonly pid: number;
  /** Sends what it is told to with the extension declared, and takes tasks as answers. */
  readonly tasks: TaskEnabledSession;
  /** Calls a tool without declaring anything, as the same client could, and returns the texts of the answer. */
  call(tool: string, input?: Record<string, unknown>): Promise<string>;
  /** The forms that tasks have asked for. */
  readonly forms: readonly unknown[];
  close(): Promise<void>;
}

export interface TaskClientOptions {
  /** What it declares besides the extension. */
  readonly capabilities?: {readonly elicitation?: Record<string, never>};
  /** Fills in a form that a task asks for. */
  readonly onForm?: (params: {readonly message: string}) => Promise<ElicitResult>;
}

export async function connectTasks(
  sandbox: Sandbox,
  {capabilities = {}, onForm}: TaskClientOptions = {},
): Promise<TaskClient> {
  const client = new Client(IDENTITY, {versionNegotiation: {mode: {pin: REVISION}}});
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN],
    cwd: sandbox.project,
    env: sandbox.env,
    stderr: 'ignore',
  });
  await client.connect(transport);
  const forms: unknown[] = [];
  const tasks = createTaskSessionFromClient(client, {
    onInputRequest: createApplicationInputHandler({
      elicitation: ({params}) => {
        forms.push(params);
        if (onForm === undefined) throw new Error('this client has no forms');
        return onForm(params as {message: string});
      },
      sampling: unexpected,
      roots: unexpected,
    }),
    endpointId: 'opencode-delegate',
    rawDispatch: besides(transport),
    v2RequestFraming: {protocolVersion: REVISION, clientInfo: IDENTITY, clientCapabilities: capabilities},
  });
  return {
    pid: transport.pid ?? 0,
    forms,
    tasks,
    async call(tool, input = {}) {
      const {content} = await client.callTool({name: tool, arguments: input});
      return content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    },
    async close() {
      await tasks.close();
      await client.close();
    },
  };
}

function unexpected(): never {
  throw new Error('nothing but forms is asked for');
}

/** Requests on the same connection as the SDK's client, which itself refuses an answer that is a task. */
function besides(transport: StdioClientTransport) {
  const pending = new Map<string, (response: JsonRpcResponse) => void>();
  const {onmessage} = transport;
  transport.onmessage = (message: JSONRPCMessage) => {
    const settle = 'id' in message ? pending.get(String(message.id)) : undefined;
    if (settle !== undefined && 'result' in message)
      settle({kind: 'result', result: toJsonValue(message.result)});
    else if (settle !== undefined && 'error' in message) {
      const {code, message: text} = message.error;
      settle({kind: 'error', error: {code, message: text}});
    } else onmessage?.(message);
  };
  let sent = 0;
  return async (request: unknown): Promise<JsonRpcResponse> => {
    sent += 1;
    const id = `task-request-${sent}`;
    const response = new Promise<JsonRpcResponse>((resolve) => pending.set(id, resolve));
    await transport.send({jsonrpc: '2.0', id, ...(request as {method: string})});
    return response.finally(() => pending.delete(id));
  };
}
