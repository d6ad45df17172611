import {once} from 'node:events';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {Arrivals} from './arrivals.ts';

/** One request that OpenCode made of the model. */
export interface ModelRequest {
  readonly model: string;
  readonly messages: readonly {readonly role: string; readonly content: unknown}[];
  /** The names of the tools that the model was offered. */
  readonly tools: readonly string[];
  /** How many characters the definition of each of them has. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The text of the last user message: of a delegation, its prompt. */
  readonly prompt: string;
  /** All that stands in system messages. */
  readonly system: string;
  /** What it was asked with: the key of the person, as `authorization` has it. */
  readonly key?: string;
  /** How hard it is to think, which is what its variant `careful` says. */
  readonly effort?: string;
  /** What came back from the tools that this turn has called so far. */
  readonly toolResults: readonly string[];
}

/** What the model does with a request. */
export type Reply =
  | {
      readonly text: string;
      /** `null`: none, as some providers leave it out. `tool_calls`: without a call. */
      readonly finish?: 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'odd' | null;
      /** How many tokens it says that it has read. */
      readonly tokens?: number;
      /** The second half is streamed when this resolves. */
      readonly rest?: Promise<void>;
    }
  | {
      readonly tool: string;
      readonly input: Record<string, unknown>;
      readonly text?: string;
      readonly tokens?: number;
      /** Default: one of its own for each call. */
      readonly callId?: string;
    }
  /** Calls several tools at once. */
  | {readonly tools: readonly {readonly tool: string; readonly input: Record<string, unknown>}[]}
  | {readonly status: number; readonly message: string; readonly headers?: Record<string, string>}
  /** Status 200 with a body that is no answer of a model. */
  | {readonly page: string; readonly type: string}
  /** Streams the text, then cuts the connection. */
  | {readonly drop: string}
  /** Streams the text, then says nothing more until the client gives up. */
  | {readonly stall: string};

export type Script = (request: ModelRequest) => Reply | Promise<Reply>;

/**
 * An OpenAI-compatible model server on loopback whose answers a test decides. A script that awaits something
 * holds the answer back until then.
 */
export class ScriptedModel {
  readonly #server: Server;
  readonly #requests = new Arrivals<ModelRequest>();
  #script: Script;

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.#script = script;
  }

  static async start(script: Script = () => ({text: 'done'})): Promise<ScriptedModel> {
    const server = createServer();
    const model = new ScriptedModel(server, script);
    server.on('request', (request, response) => void model.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Every request so far, in the order in which they came. */
  get requests(): readonly ModelRequest[] {
    return this.#requests.all;
  }

  /** Decides what is answered from now on. */
  script(script: Script): void {
    this.#script = script;
  }

  /** Resolves with the first request, past or to come, that fits. */
  asked(fits: (request: ModelRequest) => boolean): Promise<ModelRequest> {
    return this.#requests.first(fits);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const {authorization: key} = request.headers;
    const asked = {...parse(body), ...(key !== undefined && {key})};
    this.#requests.add(asked);
    try {
      await send(response, asked.model, await this.#script(asked));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }
}

/** The provider entry of an OpenCode configuration that makes this model `scripted/<name>`. */
export function providerOf(url: string, names: readonly string[] = ['model']): Record<string, unknown> {
  return {
    scripted: {
      npm: '@ai-sdk/openai-compatible',
      name: 'Scripted',
      options: {baseURL: url, apiKey: 'none'},
      models: Object.fromEntries(
        names.map((name) => [
          name,
          {
            name,
            limit: {context: 128_000, output: 16_000},
            cost: {input: 1, output: 2},
            variants: {careful: {reasoningEffort: 'high'}},
          },
        ]),
      ),
    },
  };
}

interface Body {
  readonly model: string;
  readonly messages: readonly {readonly role: string; readonly content: unknown}[];
  readonly reasoning_effort?: string;
  readonly tools?: readonly {readonly function: {readonly name: string}}[];
}

function parse(body: string): ModelRequest {
  const {model, messages, tools, reasoning_effort: effort} = JSON.parse(body) as Body;
  const lastUser = messages.findLastIndex(({role}) => role === 'user');
  return {
    model,
    messages,
    ...(effort !== undefined && {effort}),
    tools: (tools ?? []).map((tool) => tool.function.name),
    sizes: Object.fromEntries((tools ?? []).map((tool) => [tool.function.name, JSON.stringify(tool).length])),
    prompt: textOf(messages[lastUser]?.content),
    system: messages
      .filter(({role}) => role === 'system')
      .map(({content}) => textOf(content))
      .join('\n'),
    toolResults: messages
      .slice(lastUser + 1)
      .filter(({role}) => role === 'tool')
      .map(({content}) => textOf(content)),
  };
}

/** The text of a message, which may come in parts. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: {text?: string}) => part.text ?? '').join('');
}

async function send(response: ServerResponse, model: string, reply: Reply): Promise<void> {
  if ('status' in reply) {
    response.writeHead(reply.status, {'content-type': 'application/json', ...reply.headers});
    response.end(JSON.stringify({error: {message: reply.message, type: 'scripted', code: codeOf(reply)}}));
    return;
  }
  if ('page' in reply) {
    response.writeHead(200, {'content-type': reply.type}).end(reply.page);
    return;
  }
  response.writeHead(200, {'content-type': 'text/event-stream'});
  const tokens = ('tokens' in reply && reply.tokens) || 100;
  const chunk = (delta: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    response.write(
      `data: ${JSON.stringify({id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: [{index: 0, delta, finish_reason: null, ...more}], ...(more.finish_reason !== undefined && {usage: {prompt_tokens: tokens, completion_tokens: 20, total_tokens: tokens + 20}})})}\n\n`,
    );
  if ('drop' in reply) {
    chunk({role: 'assistant', content: reply.drop});
    setImmediate(() => response.destroy());
    return;
  }
  if ('stall' in reply) {
    chunk({role: 'assistant', content: reply.stall});
    return;
  }
  if ('tool' in reply || 'tools' in reply) {
    const calls: readonly {tool: string; input: Record<string, unknown>; callId?: string}[] =
      'tools' in reply ? reply.tools : [reply];
    chunk({
      role: 'assistant',
      ...('text' in reply && {content: reply.text}),
      tool_calls: calls.map(
        ({tool, input, callId = `call_${Math.random().toString(36).slice(2)}`}, index) => ({
          index,
          id: callId,
          type: 'function',
          function: {name: tool, arguments: JSON.stringify(input)},
        }),
      ),
    });
    chunk({}, {finish_reason: 'tool_calls'});
  } else {
    // In pieces, as providers stream, so that no consumer can count on whole texts.
    const {finish = 'stop', rest} = reply;
    const all = pieces(reply.text);
    for (const [n, piece] of all.entries()) {
      if (n === Math.ceil(all.length / 2)) await rest;
      chunk({role: 'assistant', content: piece});
    }
    if (finish !== null) chunk({}, {finish_reason: finish});
  }
  response.write('data: [DONE]\n\n');
  response.end();
}

function codeOf({status, message}: {status: number; message: string}): string | number {
  return /maximum context length/.test(message) ? 'context_length_exceeded' : status;
}

/** At most 20 pieces, cut between characters. */
function pieces(text: string): readonly string[] {
  const characters = [...text];
  const size = Math.max(1, Math.ceil(characters.length / 20));
  const result: string[] = [];
  for (let start = 0; start < characters.length; start += size) {
    result.push(characters.slice(start, start + size).join(''));
  }
  return result;
}
