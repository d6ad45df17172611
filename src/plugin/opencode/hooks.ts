/** What OpenCode hands to a plugin, as far as this one uses it. */
export interface PluginInput {
  readonly client: PluginClient;
  readonly directory: string;
}

/** What an SDK call of OpenCode's own client resolves with; it does not throw what the server refused. */
export interface ApiAnswer {
  readonly data?: unknown;
  readonly error?: unknown;
}

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  /** Sent to the model, and not shown as something that the person wrote. */
  readonly synthetic: true;
  readonly metadata: Record<string, unknown>;
}

export interface PromptBody {
  readonly agent: string;
  readonly model: {readonly providerID: string; readonly modelID: string};
  readonly variant?: string;
  readonly noReply?: boolean;
  readonly parts: TextPart[];
}

interface Path {
  readonly path: {readonly id: string};
}

/** OpenCode's own client. It talks to the process that it is in, also where no server listens. */
export interface PluginClient {
  readonly session: {
    get(options: Path): Promise<ApiAnswer>;
    messages(options: Path & {query?: {limit: number}}): Promise<ApiAnswer>;
    status(): Promise<ApiAnswer>;
    prompt(options: Path & {body: PromptBody}): Promise<ApiAnswer>;
    promptAsync(options: Path & {body: PromptBody}): Promise<ApiAnswer>;
  };
  readonly app: {
    log(options: {
      body: {service: string; level: 'debug' | 'info' | 'warn' | 'error'; message: string};
    }): Promise<unknown>;
  };
  readonly tui: {
    showToast(options: {
      body: {title: string; message: string; variant: 'success' | 'warning'};
    }): Promise<unknown>;
  };
}

/** One entry below `mcp` in OpenCode's configuration, of which all may be missing or wrong. */
export interface McpEntry {
  readonly type?: unknown;
  readonly command?: unknown;
  readonly environment?: unknown;
}

export interface PluginConfiguration {
  mcp?: Record<string, unknown>;
  tools?: Record<string, unknown>;
}

/** The hooks that this plugin has. Outputs are changed in place: that is how OpenCode takes an answer. */
export interface Hooks {
  config(config: PluginConfiguration): Promise<void>;
  event(input: {event: {readonly type: string; readonly properties?: unknown}}): Promise<void>;
  'chat.message'(
    input: {readonly sessionID: string},
    output: {readonly message: unknown; readonly parts: unknown[]},
  ): Promise<void>;
  'tool.execute.before'(
    input: {readonly tool: string; readonly sessionID: string; readonly callID: string},
    output: {args: unknown},
  ): Promise<void>;
  'tool.execute.after'(
    input: {readonly tool: string; readonly sessionID: string; readonly callID: string},
    output: unknown,
  ): Promise<void>;
  'experimental.session.compacting'(
    input: {readonly sessionID: string},
    output: {readonly context: string[]},
  ): Promise<void>;
  'experimental.text.complete'(
    input: {readonly sessionID: string; readonly messageID: string},
    output: {text: string},
  ): Promise<void>;
  dispose(): Promise<void>;
}
