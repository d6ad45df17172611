import type {GlobalEvent, OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {Arrivals} from '../support/arrivals.ts';
import {createSandbox, type Sandbox, type SandboxOptions} from '../support/sandbox.ts';
import {type Script, ScriptedModel} from '../support/scripted-model.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

export interface RawOptions extends SandboxOptions {
  readonly env?: Record<string, string>;
  readonly script?: Script;
  /** Called before OpenCode starts. */
  readonly prepare?: (sandbox: Sandbox) => void;
}

/** An OpenCode server with nothing of ours in it, and all that it has told on its event stream. */
export interface RawOpenCode {
  readonly sandbox: Sandbox;
  readonly model: ScriptedModel;
  readonly opencode: UserOpenCode;
  readonly client: OpencodeClient;
  readonly events: Arrivals<GlobalEvent>;
  close(): Promise<void>;
}

/** Resolves when the server answers and its events flow. */
export async function startRaw({env = {}, script, prepare, ...rest}: RawOptions = {}): Promise<RawOpenCode> {
  const model = await ScriptedModel.start(script);
  const sandbox = createSandbox({modelUrl: model.url, ...rest});
  prepare?.(sandbox);
  const opencode = await UserOpenCode.start(sandbox, {env});
  const {client} = opencode;
  const ended = new AbortController();
  const events = new Arrivals<GlobalEvent>();
  const read = async () => {
    const {stream} = await client.global.event({signal: ended.signal, sseMaxRetryAttempts: 1});
    for await (const event of stream as AsyncIterable<GlobalEvent>) events.add(event);
  };
  // The end of the test cuts it off.
  const reading = read().catch(() => {});
  await events.first(() => true);
  return {
    ...{sandbox, model, opencode, client, events},
    async close() {
      ended.abort();
      await reading;
      await opencode.kill();
      await model.close();
      await sandbox.remove();
    },
  };
}

export type EventOf<Type extends GlobalEvent['payload']['type']> = Extract<
  GlobalEvent['payload'],
  {type: Type}
>;

/** Those of one type, in the order in which they came. */
export function told<Type extends GlobalEvent['payload']['type']>(
  {events}: RawOpenCode,
  type: Type,
): readonly EventOf<Type>[] {
  return events.all.flatMap(({payload}) => (payload.type === type ? [payload as EventOf<Type>] : []));
}

/** Resolves with the first one of a type, past or to come, that fits. */
export async function heard<Type extends GlobalEvent['payload']['type']>(
  {events}: RawOpenCode,
  type: Type,
  fits: (event: EventOf<Type>) => boolean = () => true,
): Promise<EventOf<Type>> {
  const isMeant = ({payload}: GlobalEvent) => payload.type === type && fits(payload as EventOf<Type>);
  return (await events.first(isMeant)).payload as EventOf<Type>;
}
