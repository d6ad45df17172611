import type {Readable} from 'node:stream';
import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport} from '@modelcontextprotocol/sdk/client/stdio.js';
import {CallToolResultSchema} from '@modelcontextprotocol/sdk/types.js';
import {BIN, type Sandbox} from '../support/sandbox.ts';
import {until} from './until.ts';

const CALL_TIMEOUT_MS = 240_000;
const WAIT_SECONDS = 200;

export interface BinOptions {
  readonly sandbox: Sandbox;
  readonly env?: Record<string, string>;
}

/** The built bin, with an MCP client at its stdio. */
export class Bin {
  readonly client: Client;
  readonly pid: number;
  readonly #exited: Promise<void>;
  /** The processes of the OpenCode servers that it has said to have started. */
  readonly #serverPids: () => readonly number[];

  private constructor(
    client: Client,
    pid: number,
    exited: Promise<void>,
    serverPids: () => readonly number[],
  ) {
    this.client = client;
    this.pid = pid;
    this.#exited = exited;
    this.#serverPids = serverPids;
  }

  /** Resolves when the opening exchange is done. */
  static async start({sandbox, env = {}}: BinOptions): Promise<Bin> {
    const client = new Client({name: 'bench', version: '1'});
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [BIN],
      cwd: sandbox.project,
      env: {...sandbox.env, OPENCODE_DELEGATE_HOST: 'off', ...env},
      stderr: 'pipe',
    });
    const log = collect(transport.stderr as Readable);
    const exited = new Promise<void>((resolve) => {
      client.onclose = resolve;
    });
    try {
      await client.connect(transport);
    } catch (error) {
      await transport.close();
      throw new Error(`the bin did not start: ${log()}`, {cause: error});
    }
    const {pid} = transport;
    if (pid === null) throw new Error('the bin has ended');
    const serverPids = () => [...log().matchAll(/serves on .*\(process (\d+)\)/g)].map(([, n]) => Number(n));
    return new Bin(client, pid, exited, serverPids);
  }

  /** Resolves when it has started its OpenCode server, which it does when something is first delegated. */
  async warmed(): Promise<void> {
    await until('OpenCode serves', () => this.#serverPids().length > 0);
  }

  /** Calls a tool; its text blocks. @throws Error when the result is one. */
  async call(name: string, input: Record<string, unknown>): Promise<readonly string[]> {
    const result = await this.client.callTool({name, arguments: input}, CallToolResultSchema, {
      timeout: CALL_TIMEOUT_MS,
    });
    const {content, isError} = CallToolResultSchema.parse(result);
    const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
    if (isError) throw new Error(`${name}: ${texts.join('\n')}`);
    return texts;
  }

  /** The id of a new delegation. */
  async delegate(prompt: string, input: Record<string, unknown> = {}): Promise<string> {
    const [text = ''] = await this.call('delegate', {prompt, ...input});
    const id = /^[a-z]+-[a-z]+-[a-z]+/.exec(text)?.[0];
    if (id === undefined) throw new Error(`no id in: ${text}`);
    return id;
  }

  /** Waits for the end of a delegation. @throws Error when it did not complete. */
  async read(id: string): Promise<void> {
    const [head = ''] = await this.call('delegation_read', {id, wait_seconds: WAIT_SECONDS});
    if (!head.includes(`${id} · completed`)) throw new Error(`it did not complete: ${head}`);
  }

  /** Resolves when it and its OpenCode servers are gone. */
  async close(): Promise<void> {
    await this.client.close();
    await this.#exited;
    await until('the OpenCode server has ended with the bin', () => !this.#serverPids().some(isAlive));
  }
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return () => text;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No process has this number any more.
    return false;
  }
}
