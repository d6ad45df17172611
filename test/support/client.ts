import {Client as ModernClient} from '@modelcontextprotocol/client';
import {StdioClientTransport as ModernTransport} from '@modelcontextprotocol/client/stdio';
import {Client as LegacyClient} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport as LegacyTransport} from '@modelcontextprotocol/sdk/client/stdio.js';
import {BIN, type Sandbox} from './sandbox.ts';

/** The protocol revisions that a test can be a client of, by the SDK that speaks them. */
export const ERAS = ['2025-11-25', '2026-07-28'] as const;
export type Era = (typeof ERAS)[number];

export interface ConnectOptions {
  readonly era?: Era;
  /** What the client calls itself. */
  readonly name?: string;
  /** Where it starts the server; default: the sandbox's project. */
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** What starts the server; default: the built bin. */
  readonly command?: string;
  readonly args?: string[];
}

/** What a tool answered, as the model would see it. */
export interface ToolAnswer {
  readonly blocks: readonly string[];
  /** The blocks as one text. */
  readonly text: string;
  readonly isError: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/** A real MCP client, connected over stdio to the built bin. */
export interface TestClient {
  readonly pid: number;
  readonly instructions: string;
  /** All that the server wrote to stderr so far. */
  readonly stderr: () => string;
  /** All that was logged so far, by whichever process serves this client. */
  readonly log: () => string;
  tools(): Promise<readonly {name: string; description?: string | undefined}[]>;
  call(tool: string, input?: Record<string, unknown>, options?: CallOptions): Promise<ToolAnswer>;
  /** Delegates, expects that to work, and returns the id. */
  delegate(prompt: string, input?: Record<string, unknown>): Promise<string>;
  read(id: string, input?: Record<string, unknown>, options?: CallOptions): Promise<ToolAnswer>;
  /** Ends as a client does: it closes the server's input and waits for it to go. A host stays. */
  close(): Promise<void>;
}

export async function connect(sandbox: Sandbox, options: ConnectOptions = {}): Promise<TestClient> {
  const {era = '2025-11-25', name = 'test-client', cwd = sandbox.project, env = {}} = options;
  const {command = process.execPath, args = [BIN]} = options;
  const launch = {
    command,
    args,
    cwd,
    env: {...sandbox.env, OPENCODE_DELEGATE_LOG: 'debug', ...env},
    stderr: 'pipe' as const,
  };
  const identity = {name, version: '1.0.0'};
  const [client, transport] =
    era === '2025-11-25' ? await connectLegacy(identity, launch) : await connectModern(identity, launch);
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const call: TestClient['call'] = async (tool, input = {}, {signal, onProgress} = {}) => {
    const result = await client.callTool(
      {name: tool, arguments: input},
      {
        timeout: 120_000,
        resetTimeoutOnProgress: true,
        ...(signal !== undefined && {signal}),
        ...(onProgress !== undefined && {
          onprogress: ({message}: {message?: string | undefined}) => onProgress(message ?? ''),
        }),
      },
    );
    const blocks = (result.content as {text: string}[]).map(({text}) => text);
    return {blocks, text: blocks.join('\n'), isError: result.isError === true};
  };
  return {
    pid: transport.pid ?? 0,
    instructions: client.getInstructions() ?? '',
    stderr: () => stderr,
    log: () => stderr + sandbox.hostLog(),
    tools: async () => (await client.listTools()).tools,
    call,
    async delegate(prompt, input = {}) {
      const answer = await call('delegate', {prompt, ...input});
      if (answer.isError) throw new Error(answer.text);
      const id = /^[a-z]+-[a-z]+-[a-z]+/.exec(answer.text)?.[0];
      if (id === undefined) throw new Error(`no id in: ${answer.text}`);
      return id;
    },
    read: (id, input = {}, callOptions = {}) => call('delegation_read', {id, ...input}, callOptions),
    close: () => client.close(),
  };
}

/** Resolves when the delegation reports an activity that fits. */
export async function untilActivity(client: TestClient, id: string, what: RegExp): Promise<void> {
  const abort = new AbortController();
  const seen = (message: string) => {
    if (what.test(message)) abort.abort();
  };
  await client.read(id, {}, {signal: abort.signal, onProgress: seen}).catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
}

interface Launch {
  readonly command: string;
  readonly args: string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly stderr: 'pipe';
}

interface CommonClient {
  callTool(
    params: {name: string; arguments: Record<string, unknown>},
    options: {
      timeout: number;
      resetTimeoutOnProgress: boolean;
      signal?: AbortSignal;
      onprogress?: (progress: {message?: string | undefined}) => void;
    },
  ): Promise<{[key: string]: unknown}>;
  listTools(): Promise<{tools: readonly {name: string; description?: string | undefined}[]}>;
  getInstructions(): string | undefined;
  close(): Promise<void>;
}

type Connected = [CommonClient, LegacyTransport | ModernTransport];

async function connectLegacy(identity: {name: string; version: string}, launch: Launch): Promise<Connected> {
  const client = new LegacyClient(identity);
  const transport = new LegacyTransport(launch);
  await client.connect(transport);
  return [
    {
      callTool: (params, options) => client.callTool(params, undefined, options),
      listTools: () => client.listTools(),
      getInstructions: () => client.getInstructions(),
      close: () => client.close(),
    },
    transport,
  ];
}

async function connectModern(identity: {name: string; version: string}, launch: Launch): Promise<Connected> {
  const client = new ModernClient(identity, {versionNegotiation: {mode: {pin: '2026-07-28'}}});
  const transport = new ModernTransport(launch);
  await client.connect(transport);
  return [client, transport];
}
