import {Client} from '@modelcontextprotocol/client';
import {StdioClientTransport} from '@modelcontextprotocol/client/stdio';
import {BIN} from '../support/sandbox.ts';
import type {Stage} from './stage.ts';

/** As long as a live model may take; the scripted one needs seconds. */
const READ_SECONDS = 600;
/** More than any call here takes. */
const CALL_TIMEOUT_MS = (READ_SECONDS + 30) * 1_000;

export interface Answer {
  /** Text blocks as the server sent them. */
  readonly blocks: readonly string[];
  /** From the call until its answer. */
  readonly took: number;
}

/** A real MCP client, talking over stdio to the built bin. */
export class DemoClient {
  readonly #client = new Client(
    {name: 'opencode-delegate-demo', version: '1.0.0'},
    {versionNegotiation: {mode: {pin: '2026-07-28'}}},
  );

  async connect({project, env}: Stage): Promise<void> {
    // Warnings and errors of the server reach the person through the inherited stderr.
    const quiet = {OPENCODE_DELEGATE_LOG: 'warn', ...env};
    await this.#client.connect(
      new StdioClientTransport({command: process.execPath, args: [BIN], cwd: project, env: quiet}),
    );
  }

  get server(): string {
    const {name = 'unknown', version = ''} = this.#client.getServerVersion() ?? {};
    return `${name} ${version}`;
  }

  async tools(): Promise<readonly string[]> {
    return (await this.#client.listTools()).tools.map(({name}) => name);
  }

  /** @throws Error with the server's words when the call was refused. */
  async call(
    name: string,
    input: Record<string, unknown>,
    onProgress?: (message: string) => void,
  ): Promise<Answer> {
    const asked = performance.now();
    const result = await this.#client.callTool(
      {name, arguments: input},
      {
        timeout: CALL_TIMEOUT_MS,
        ...(onProgress !== undefined && {onprogress: ({message}) => onProgress(message ?? '')}),
      },
    );
    const blocks = result.content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
    if (result.isError === true) throw new Error(`${name} was refused: ${blocks.join('\n')}`);
    return {blocks, took: performance.now() - asked};
  }

  /** Waits for the end of a delegation and returns what it came to. */
  read(id: string, onProgress: (message: string) => void): Promise<Answer> {
    return this.call('delegation_read', {id, wait_seconds: READ_SECONDS}, onProgress);
  }

  /** Resolves when the server has gone. Idempotent. */
  close(): Promise<void> {
    return this.#client.close();
  }
}
