import {once} from 'node:events';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';

/** One request that a client made of its model. */
export interface ClientRequest {
  /** The tools that it was offered, as the client spells them. */
  readonly tools: readonly string[];
  /** The whole conversation, as it was sent. */
  readonly conversation: string;
  /** The last thing that was said or came back from a tool. */
  readonly last: string;
  readonly isAfterTool: boolean;
}

/** A text, or a call of a tool by the end of its name. */
export type ClientReply =
  | {readonly text: string}
  | {readonly tool: string; readonly input: Record<string, unknown>};

export type ClientScript = (request: ClientRequest) => ClientReply | Promise<ClientReply>;

type Json = Readonly<Record<string, unknown>>;

interface Tool {
  readonly name: string;
  readonly namespace: string | undefined;
}

/** A model on loopback that Claude Code, Codex and Gemini CLI can be set to, each with the API of its maker. */
export class ClientModel {
  readonly #server: Server;
  readonly #script: ClientScript;

  private constructor(script: ClientScript) {
    this.#script = script;
    this.#server = createServer((incoming, response) => {
      this.#answer(incoming, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(script: ClientScript): Promise<ClientModel> {
    const model = new ClientModel(script);
    model.#server.listen(0, '127.0.0.1');
    await once(model.#server, 'listening');
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (incoming.url ?? '').split('?')[0] ?? '';
    const given = await text(incoming);
    const body = (given === '' ? {} : JSON.parse(given)) as Json;
    const render = /\/messages$/.test(path)
      ? anthropic
      : /\/responses$/.test(path)
        ? responses
        : /generateContent$/i.test(path)
          ? gemini
          : undefined;
    if (render === undefined) {
      response.writeHead(404, {'content-type': 'application/json'}).end('{}');
      return;
    }
    const tools = toolsOf(body.tools);
    const reply = tools.length === 0 ? {text: 'A title'} : await this.#ask(body, tools);
    const isStream = /stream/i.test(path) || body.stream === true;
    response.writeHead(200, {'content-type': isStream ? 'text/event-stream' : 'application/json'});
    response.end(render(spelled(reply, tools), isStream));
  }

  async #ask(body: Json, tools: readonly Tool[]): Promise<ClientReply> {
    const messages = [body.messages, body.input, body.contents].find(Array.isArray) ?? [];
    return this.#script({
      tools: tools.map(({name}) => name),
      conversation: linesOf(messages),
      last: linesOf(messages.at(-1) ?? ''),
      isAfterTool: /tool_result|function_call_output|functionResponse/.test(
        JSON.stringify(messages.slice(-3).filter(({role}: Json) => role !== 'system')),
      ),
    });
  }
}

function toolsOf(given: unknown): readonly Tool[] {
  const list = Array.isArray(given) ? (given as Json[]) : [];
  return list.flatMap((tool) => {
    const inner = tool.functionDeclarations ?? tool.tools;
    const namespace = tool.type === 'namespace' ? String(tool.name) : undefined;
    if (Array.isArray(inner)) return inner.map(({name}: Json) => ({name: String(name), namespace}));
    return typeof tool.name === 'string' ? [{name: tool.name, namespace: undefined}] : [];
  });
}

type Spelled = {readonly text: string} | {readonly tool: Tool; readonly input: Record<string, unknown>};

function spelled(reply: ClientReply, tools: readonly Tool[]): Spelled {
  if ('text' in reply) return reply;
  const tool = tools.find(({name}) => name === reply.tool || name.endsWith(`_${reply.tool}`));
  if (tool === undefined) throw new Error(`there is no tool ${reply.tool}`);
  return {tool, input: reply.input};
}

/** With line breaks where the texts in it have some, however often they were quoted. */
export function linesOf(value: unknown): string {
  return JSON.stringify(value).replace(/\\+n/g, '\n');
}

let calls = 0;

function anthropic(reply: Spelled, isStream: boolean): string {
  const isText = 'text' in reply;
  const block = isText
    ? {type: 'text', text: reply.text}
    : {type: 'tool_use', id: `toolu_${++calls}`, name: reply.tool.name, input: reply.input};
  const stop = isText ? 'end_turn' : 'tool_use';
  const usage = {input_tokens: 10, output_tokens: 10};
  const message = {id: `msg_${++calls}`, type: 'message', role: 'assistant', model: 'm', usage};
  if (!isStream)
    return JSON.stringify({...message, content: [block], stop_reason: stop, stop_sequence: null});
  const delta = isText
    ? {type: 'text_delta', text: reply.text}
    : {type: 'input_json_delta', partial_json: JSON.stringify(reply.input)};
  const begun = isText ? {type: 'text', text: ''} : {...block, input: {}};
  return events([
    {type: 'message_start', message: {...message, content: [], stop_reason: null, stop_sequence: null}},
    {type: 'content_block_start', index: 0, content_block: begun},
    {type: 'content_block_delta', index: 0, delta},
    {type: 'content_block_stop', index: 0},
    {type: 'message_delta', delta: {stop_reason: stop, stop_sequence: null}, usage: {output_tokens: 10}},
    {type: 'message_stop'},
  ]);
}

function responses(reply: Spelled): string {
  const id = ++calls;
  const item =
    'text' in reply
      ? {
          ...{type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed'},
          content: [{type: 'output_text', text: reply.text, annotations: []}],
        }
      : {
          ...{type: 'function_call', id: `fc_${id}`, call_id: `call_${id}`, status: 'completed'},
          ...{name: reply.tool.name, arguments: JSON.stringify(reply.input)},
          ...(reply.tool.namespace !== undefined && {namespace: reply.tool.namespace}),
        };
  const usage = {
    ...{input_tokens: 10, input_tokens_details: null, output_tokens: 10},
    ...{output_tokens_details: null, total_tokens: 20},
  };
  return events([
    {type: 'response.created', response: {id: `resp_${id}`}},
    {type: 'response.output_item.done', output_index: 0, item},
    {type: 'response.completed', response: {id: `resp_${id}`, output: [item], usage}},
  ]);
}

function gemini(reply: Spelled, isStream: boolean): string {
  const part =
    'text' in reply ? {text: reply.text} : {functionCall: {name: reply.tool.name, args: reply.input}};
  const answer = {
    candidates: [{index: 0, finishReason: 'STOP', content: {role: 'model', parts: [part]}}],
    usageMetadata: {promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15},
  };
  return isStream ? `data: ${JSON.stringify(answer)}\n\n` : JSON.stringify(answer);
}

function events(all: readonly Json[]): string {
  return all.map((event) => `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}
