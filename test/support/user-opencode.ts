import {fileURLToPath, pathToFileURL} from 'node:url';
import {
  createOpencodeClient,
  type OpencodeClient,
  type SessionMessagesResponses,
  type ToolPart,
} from '@opencode-ai/sdk/v2/client';
import {createGate, type Gate} from './gate.ts';
import {eventually} from './processes.ts';
import type {Sandbox} from './sandbox.ts';
import type {Reply, ScriptedModel} from './scripted-model.ts';
import {startUserProcess, type UserProcess, type UserProcessOptions} from './user-process.ts';

/** The plugin as it is published. */
export const PLUGIN = pathToFileURL(fileURLToPath(new URL('../../dist/plugin.js', import.meta.url))).href;
/** What the names of our tools begin with where the plugin has added the server. */
export const PREFIX = 'opencode-delegate_';

/** One message of a session, as far as tests look at it. */
export interface Said {
  readonly role: 'user' | 'assistant';
  readonly agent: string;
  readonly model: string;
  readonly variant: string | undefined;
  readonly text: string;
  /** True when no person wrote it. */
  readonly isSynthetic: boolean;
}

/** An OpenCode that a person has started. */
export class UserOpenCode {
  readonly client: OpencodeClient;
  readonly pid: number;
  readonly #process: UserProcess;

  private constructor(process: UserProcess, client: OpencodeClient) {
    this.#process = process;
    this.pid = process.pid;
    this.client = client;
  }

  static async start(sandbox: Sandbox, options: UserProcessOptions = {}): Promise<UserOpenCode> {
    const process = await startUserProcess(sandbox, options);
    const client = createOpencodeClient({baseUrl: process.url, directory: sandbox.project});
    return new UserOpenCode(process, client);
  }

  /** All that it has logged so far. */
  log(): string {
    return this.#process.log();
  }

  /** A new session; with a title, OpenCode does not ask the model for one. */
  async session(given: {parentID?: string; directory?: string} = {}): Promise<string> {
    const {data} = await this.client.session.create({title: 'A test', ...given});
    if (data === undefined) throw new Error('no session');
    return data.id;
  }

  /** Says something and resolves when the model's turn is over. */
  async say(
    session: string,
    text: string,
    voice: {agent?: string; variant?: string; model?: string; directory?: string} = {},
  ): Promise<void> {
    const {model = 'model', ...rest} = voice;
    const {error} = await this.client.session.prompt({
      sessionID: session,
      model: {providerID: 'scripted', modelID: model},
      parts: [{type: 'text', text}],
      ...rest,
    });
    if (error !== undefined) throw new Error(JSON.stringify(error));
  }

  async transcript(session: string, directory?: string): Promise<readonly Said[]> {
    const {data} = await this.client.session.messages({
      sessionID: session,
      ...(directory !== undefined && {directory}),
    });
    return (data ?? []).map(saidIn);
  }

  /** The ids of what a session has delegated, in order. */
  async delegated(session: string): Promise<readonly string[]> {
    const calls = await this.#calls(session, 'delegate');
    return calls.flatMap(({state}) =>
      state.status === 'completed' ? [state.output.split(' ')[0] ?? ''] : [],
    );
  }

  /** How long the session's calls of a tool took, by its whole name, in milliseconds and in order. */
  async durations(session: string, tool: string): Promise<readonly number[]> {
    const {data = []} = await this.client.session.messages({sessionID: session});
    return data
      .flatMap(({parts}) => parts)
      .flatMap((part) =>
        part.type === 'tool' && part.tool === tool && part.state.status === 'completed'
          ? [part.state.time.end - part.state.time.start]
          : [],
      );
  }

  /** Resolves when the session's model waits for that tool of ours. */
  async untilCalling(session: string, name: string): Promise<void> {
    await eventually(async () => {
      const calls = await this.#calls(session, name);
      return calls.some(({state}) => state.status === 'running');
    });
  }

  /** Resolves when the session is idle and its transcript is as wanted. */
  async until(session: string, holds: (transcript: readonly Said[]) => boolean): Promise<readonly Said[]> {
    let transcript: readonly Said[] = [];
    await eventually(
      async () => {
        const {data: status} = await this.client.session.status();
        transcript = await this.transcript(session);
        return status?.[session] === undefined && holds(transcript);
      },
      undefined,
      () => JSON.stringify(transcript, null, 1),
    );
    return transcript;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** The session's calls of that tool of ours, in order. */
  async #calls(session: string, name: string): Promise<readonly ToolPart[]> {
    const {data = []} = await this.client.session.messages({sessionID: session});
    return data
      .flatMap(({parts}) => parts)
      .flatMap((part) => (part.type === 'tool' && part.tool === `${PREFIX}${name}` ? [part] : []));
  }
}

export interface DelegateOneOptions {
  readonly model: ScriptedModel;
  readonly opencode: UserOpenCode;
  readonly session: string;
  readonly inner: string;
}

/** Has a session delegate one piece of work, whose answer waits for the gate. */
export async function delegateOne({
  model,
  opencode,
  session,
  inner,
}: DelegateOneOptions): Promise<{gate: Gate; id: string}> {
  const gate = createGate();
  model.script(async ({prompt, toolResults}): Promise<Reply> => {
    if (prompt === inner) {
      await gate.opened;
      return {text: `Answer to ${inner}`};
    }
    if (prompt !== 'go') return {text: prompt.includes('<task-notification>') ? 'Noted.' : 'Heard.'};
    return toolResults.length === 0
      ? {tool: `${PREFIX}delegate`, input: {prompt: inner}}
      : {text: `Carrying on. ${toolResults[0]}`};
  });
  await opencode.say(session, 'go');
  const {text} = (await opencode.transcript(session)).at(-1) ?? {text: ''};
  const id = /Carrying on\. ([a-z]+-[a-z]+-[a-z]+) · (?:running|queued)/.exec(text)?.[1];
  if (id === undefined) throw new Error(text);
  return {gate, id};
}

/** The notices in a transcript. */
export function noticesIn(transcript: readonly Said[]): readonly string[] {
  return transcript.filter(({text}) => text.includes('<task-notification>')).map(({text}) => text);
}

/** How often a transcript tells of each delegation's end. */
export function toldTimes(transcript: readonly Said[], id: string): number {
  return noticesIn(transcript).join('\n').split(`<task-id>${id}</task-id>`).length - 1;
}

function saidIn({info, parts}: SessionMessagesResponses[200][number]): Said {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part] : []));
  const model = info.role === 'user' ? info.model : info;
  return {
    role: info.role,
    agent: info.agent,
    model: `${model.providerID}/${model.modelID}`,
    variant: model.variant,
    text: texts.map(({text}) => text).join('\n'),
    isSynthetic: texts.length > 0 && texts.every(({synthetic}) => synthetic === true),
  };
}
