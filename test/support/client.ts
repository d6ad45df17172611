import {Client as ModernClient} from '@modelcontextprotocol/client';
import {StdioClientTransport as ModernTransport} from '@modelcontextprotocol/client/stdio';
import {Client as LegacyClient} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport as LegacyTransport} from '@modelcontextprotocol/sdk/client/stdio.js';
import {ElicitRequestSchema} from '@modelcontextprotocol/sdk/types.js';
import {BIN, type Sandbox} from './sandbox.ts';

/** The protocol revisions that a test can be a client of, by the SDK that speaks them. */
export const ERAS = ['2025-11-25', '2026-07-28'] as const;
type Era = (typeof ERAS)[number];

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
  /** Answers a form that the server has its user asked; without it, the client has no forms. */
  readonly onForm?: (message: string) => FormAnswer;
}

export type FormAnswer =
  | {readonly action: 'accept'; readonly content: Record<string, boolean>}
  | {readonly action: 'decline' | 'cancel'};

/** What a tool answered, as the model would see it. */
export interface ToolAnswer {
  readonly blocks: readonly string[];
  /** The blocks as one text. */
  readonly text: string;
  readonly isError: boolean;
}

interface CallOptions {
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
  const {command = process.execPath, args = [BIN], onForm} = options;
  const launch = {
    command,
    args,
    cwd,
    env: {...sandbox.env, OPENCODE_DELEGATE_LOG: 'debug', ...env},
    stderr: 'pipe' as const,
  };
  const identity = {name, version: '1.0.0'};
  const [client, transport] =
    era === '2025-11-25'
      ? await connectLegacy(identity, launch, onForm)
      : await connectModern(identity, launch, onForm);
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

/** Resolves when the delegation reports an activity that fits, or has ended; tells whether it did. */
export async function showsActivity(client: TestClient, id: string, what: RegExp): Promise<boolean> {
  const abort = new AbortController();
  const seen = (message: string) => {
    if (what.test(message)) abort.abort();
  };
  await client.read(id, {}, {signal: abort.signal, onProgress: seen}).catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return abort.signal.aborted;
}

/** Resolves when the delegation reports an activity that fits; rejects when it has ended, or blocked, without. */
export async function untilActivity(client: TestClient, id: string, what: RegExp): Promise<void> {
  if (!(await showsActivity(client, id, what))) throw new Error(`${id} has not shown ${what}`);
}

/** No machine is so slow that a model's first words take longer. */
const LONGEST_MINUTES = 2;

/**
 * Delegates with a limit that runs out after something has happened, and waits for that: the limit is short, and
 * longer each time it was too short for this machine. What `start` gets is in minutes.
 */
export async function withLimitAfter(
  start: (minutes: number) => Promise<string>,
  hasHappened: (id: string) => Promise<boolean>,
): Promise<string> {
  for (let minutes = 0.04; minutes <= LONGEST_MINUTES; minutes *= 3) {
    const id = await start(minutes);
    if (await hasHappened(id)) return id;
  }
  throw new Error(`it did not happen within ${LONGEST_MINUTES} minutes`);
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

type OnForm = ConnectOptions['onForm'];

async function connectLegacy(
  identity: {name: string; version: string},
  launch: Launch,
  onForm: OnForm,
): Promise<Connected> {
  const client = new LegacyClient(identity, {capabilities: capabilitiesOf(onForm)});
  if (onForm !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({params}) => ({...onForm(params.message)}));
  }
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

function capabilitiesOf(onForm: OnForm) {
  return onForm === undefined ? {} : {elicitation: {}};
}

async function connectModern(
  identity: {name: string; version: string},
  launch: Launch,
  onForm: OnForm,
): Promise<Connected> {
  const client = new ModernClient(identity, {
    versionNegotiation: {mode: {pin: '2026-07-28'}},
    capabilities: capabilitiesOf(onForm),
  });
  if (onForm !== undefined) {
    client.setRequestHandler('elicitation/create', ({params}) => ({...onForm(params.message)}));
  }
  const transport = new ModernTransport(launch);
  await client.connect(transport);
  return [client, transport];
}
