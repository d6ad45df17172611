import * as z from 'zod';
import {NAME} from '../../base/name.ts';
import type {ApiAnswer, PluginClient, PromptBody, TextPart} from './hooks.ts';

/** The key of a part's metadata that marks it as a notice of ours and tells one from the other. */
const NOTICE_KEY = NAME;
/** A turn of many steps has many messages after the person's; more than this are looked at only if needed. */
const RECENT_MESSAGES = 50;

/** Which agent answers, and with which model. */
export interface Voice {
  readonly agent: string;
  readonly model: {readonly providerID: string; readonly modelID: string};
  readonly variant?: string;
}

const userMessage = z.object({
  role: z.literal('user'),
  agent: z.string(),
  model: z.object({providerID: z.string(), modelID: z.string(), variant: z.string().optional()}),
});
const assistantMessage = z.object({
  id: z.string(),
  role: z.literal('assistant'),
  parentID: z.string().optional(),
  agent: z.string().optional(),
  providerID: z.string(),
  modelID: z.string(),
  variant: z.string().optional(),
});
const parts = z.array(z.looseObject({type: z.string(), text: z.string().optional()}));
const messages = z.array(z.object({info: z.unknown(), parts}));
const session = z.object({parentID: z.string().optional()});
const statuses = z.record(z.string(), z.looseObject({type: z.string()}));
const noticePart = z.object({id: z.string(), metadata: z.object({[NOTICE_KEY]: z.string()})});
const times = z.object({
  created: z.number().optional(),
  completed: z.number().optional(),
  start: z.number().optional(),
  end: z.number().optional(),
});
const timed = z.object({info: z.object({time: times}), parts: z.array(z.looseObject({}))});
const timedPart = z.object({time: times.optional(), state: z.object({time: times.optional()}).optional()});

/** The voice of a user's message, or `undefined` when it is something else. */
export function voiceOf(message: unknown): Voice | undefined {
  const parsed = userMessage.safeParse(message);
  if (!parsed.success) return undefined;
  const {agent, model} = parsed.data;
  const {variant, providerID, modelID} = model;
  return {agent, model: {providerID, modelID}, ...(variant !== undefined && {variant})};
}

/** A message that a model writes, and with which voice, as far as it says so. */
export type Answering = Partial<Voice> & {
  readonly id: string;
  /** The user message that it answers. */
  readonly answers?: string;
};

/** The message as a model's, or `undefined` when it is something else. */
export function answeringOf(message: unknown): Answering | undefined {
  const {data} = assistantMessage.safeParse(message);
  if (data === undefined) return undefined;
  const {id, parentID, agent, providerID, modelID, variant} = data;
  return {
    id,
    ...(parentID !== undefined && {answers: parentID}),
    model: {providerID, modelID},
    ...(agent !== undefined && {agent}),
    ...(variant !== undefined && {variant}),
  };
}

/** The key of the notice that a part is, or `undefined` for every other part. */
export function noticeOf(part: unknown): string | undefined {
  return noticePart.safeParse(part).data?.metadata[NOTICE_KEY];
}

export function noticePartOf(text: string, key: string): TextPart {
  return {type: 'text', text, synthetic: true, metadata: {[NOTICE_KEY]: key}};
}

const placed = z.object({id: z.string(), sessionID: z.string()});

/** Where a part belongs that is added to a message: OpenCode orders parts by their ids. */
export function sessionPlaceOf(
  message: unknown,
  others: readonly unknown[],
): {id: string; sessionID: string; messageID: string} {
  const {id: messageID, sessionID} = placed.parse(message);
  const last = others.flatMap((part) => placed.safeParse(part).data?.id ?? []).at(-1);
  if (last === undefined) throw new Error('the message has no part to follow');
  return {id: `${last}z`, sessionID, messageID};
}

/** What this plugin asks of OpenCode. Every call throws with OpenCode's words when it was refused. */
export class UserOpenCode {
  readonly #client: PluginClient;

  constructor(client: PluginClient) {
    this.#client = client;
  }

  /** True when the session was opened by another one. */
  async isChild(id: string): Promise<boolean> {
    return session.parse(dataOf(await this.#client.session.get({path: {id}}))).parentID !== undefined;
  }

  async isBusy(id: string): Promise<boolean> {
    const status = statuses.parse(dataOf(await this.#client.session.status()))[id];
    return status !== undefined && status.type !== 'idle';
  }

  /** The model's message that the session is at: anyone who calls a tool now calls it from there. */
  async currentMessage(id: string): Promise<Answering | undefined> {
    const recent = await this.#messages(id, 5);
    return recent.flatMap(({info}) => answeringOf(info) ?? []).at(-1);
  }

  /** The agent and model of the session's last user message. */
  async voice(id: string): Promise<Voice> {
    for (const limit of [RECENT_MESSAGES, undefined]) {
      const recent = await this.#messages(id, limit);
      const voice = recent.flatMap(({info}) => voiceOf(info) ?? []).at(-1);
      if (voice !== undefined) return voice;
    }
    throw new Error(`session ${id} has no user message`);
  }

  /** True when one of the session's messages has the text in a part that no person wrote. */
  async hasHeard(id: string, text: string): Promise<boolean> {
    const all = await this.#messages(id, undefined);
    return all.some((message) =>
      message.parts.some((part) => part.synthetic === true && part.text?.includes(text)),
    );
  }

  /** When something last happened in a session, in milliseconds since the epoch. */
  async lastActivity(id: string): Promise<number | undefined> {
    const [last] = z
      .array(timed)
      .parse(dataOf(await this.#client.session.messages({path: {id}, query: {limit: 1}})));
    if (last === undefined) return undefined;
    const ofParts = last.parts.flatMap((part) => {
      const parsed = timedPart.safeParse(part).data;
      return [parsed?.time, parsed?.state?.time];
    });
    const all = [last.info.time, ...ofParts]
      .flatMap((time) => Object.values(time ?? {}))
      .filter((ms) => ms !== undefined);
    return all.length === 0 ? undefined : Math.max(...all);
  }

  /** Adds a message to the session. Resolves when it is stored; the model has no turn because of it. */
  async say(id: string, body: PromptBody): Promise<void> {
    dataOf(await this.#client.session.prompt({path: {id}, body: {...body, noReply: true}}));
  }

  /** Adds a message and has the model answer it. Resolves when OpenCode has taken it on, not when it is stored. */
  async wake(id: string, body: PromptBody): Promise<void> {
    const {error} = await this.#client.session.promptAsync({path: {id}, body});
    if (error !== undefined) throw new Error(wordsOf(error));
  }

  /** Tells the person, where there is a screen. */
  async toast(title: string, message: string, variant: 'success' | 'warning'): Promise<void> {
    await this.#client.tui.showToast({body: {title, message, variant}});
  }

  async #messages(id: string, limit: number | undefined): Promise<z.output<typeof messages>> {
    const options = limit === undefined ? {path: {id}} : {path: {id}, query: {limit}};
    return messages.parse(dataOf(await this.#client.session.messages(options)));
  }
}

function dataOf({data, error}: ApiAnswer): unknown {
  if (error !== undefined || data === undefined) throw new Error(wordsOf(error));
  return data;
}

function wordsOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return error === undefined ? 'OpenCode gave no answer' : JSON.stringify(error);
}
